// Libraries that the pages load before their scripts.
declare const Plotly: any;
declare const bootstrap: any;
