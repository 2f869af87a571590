"""MOMENT's network as a feature extractor."""
