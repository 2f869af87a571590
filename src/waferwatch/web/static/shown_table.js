// Tables that are exported as they are shown: their cells are sent to the server, which answers a file.
import { clearProblem, download, showProblem } from "./api.js";
import { byId } from "./text.js";

// A plain number, with or without commas between thousands. What begins with a zero is a name.
const NUMBER = /^-?(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d*)(\.\d+)?$/;

document.addEventListener("click", async (event) => {
  const button = /** @type {any} */ (/** @type {Element} */ (event.target).closest("button[data-exports]"));
  if (!button) return;
  clearProblem();
  const { exports: id, format, title } = button.dataset;
  try {
    await download("/tables/export", {
      title: `${document.title.split(" · ")[0]} ${title}`,
      format,
      ...content(byId(id)),
    });
  } catch (problem) {
    showProblem(problem);
  }
});

function content(table) {
  const [head, ...body] = [...table.rows].map((row) => [...row.cells].map(words));
  const named = table.tHead?.rows.length;
  const rows = (named ? body : [head, ...body]).map((row) => row.map(value));
  const columns = named ? head : head.map((_, at) => String(at + 1));
  return { columns, rows };
}

function words(cell) {
  const chosen = cell.querySelector("select")?.selectedOptions[0]?.text;
  // biome-ignore lint/performance/useDomNodeTextContent: the lines of a cell are laid out, not written
  return (chosen ?? cell.innerText).trim().replace(/\s*\n+\s*/g, " · ");
}

const value = (text) => (NUMBER.test(text) ? Number(text.replaceAll(",", "")) : text);
