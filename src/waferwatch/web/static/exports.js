// Links that export a table as it is shown: their addresses follow what was chosen.
import { byId } from "./text.js";

/**
 * @param {string} id of the element that holds the links, each with the format it stands for
 * @param {string} path of the export
 * @param {Iterable<string[]>} chosen parts of the query
 */
export function offerExport(id, path, chosen) {
  for (const link of byId(id).querySelectorAll("a[data-format]")) {
    link.href = `${path}?${new URLSearchParams([...chosen, ["format", link.dataset.format]])}`;
  }
}
