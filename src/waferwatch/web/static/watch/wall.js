// The page on a screen on the wall: large and without controls, by ?wall=1; Esc leads back.
import { byId } from "../text.js";

/** Follow the link to the wall and the key that leads back. What is chosen on the page stays chosen. */
export function followWall() {
  byId("wall").addEventListener("click", (event) => {
    event.preventDefault();
    go(true);
  });
  if (!document.documentElement.classList.contains("wall")) return;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") go(false);
  });
}

function go(wall) {
  const address = new URL(location.href);
  if (wall) address.searchParams.set("wall", "1");
  else address.searchParams.delete("wall");
  location.assign(address);
}
