// The Data page.
import "./text.js";
