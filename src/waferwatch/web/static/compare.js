// The Compare page.
import "./text.js";
