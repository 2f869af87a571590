"""The PM check page: is the tool back after a maintenance?"""
