// The Groups page.
import "./text.js";
