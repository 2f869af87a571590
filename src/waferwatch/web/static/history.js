// The Runs page.
import "./text.js";
