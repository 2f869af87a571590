// Import recipes: one is saved from what is shown, chosen, exported, imported or deleted.
import { announce, ask, Problem } from "../../api.js";
import { byId, counted, element, text } from "../../text.js";

/** @type {any} */
let upload = null;
let optionsOf = () => ({});
let listed = [];
/** @type {(recipe: any) => void} */
let chosen = () => {};
/** @type {(problem: any) => void} */
let failed = () => {};

export async function forUpload(found, options) {
  upload = found;
  optionsOf = options;
  byId("recipe-name").value = found.recipe ?? "";
  await load();
  byId("import-recipe").value = found.recipe ?? "";
}

async function load() {
  try {
    listed = (await ask("/recipes")).recipes;
  } catch (problem) {
    failed(problem);
    return;
  }
  const select = byId("import-recipe");
  const before = select.value;
  select.replaceChildren(
    element("option", { value: "", content: text("none") }),
    ...listed.map(({ name }) => element("option", { value: name, content: name })),
  );
  select.value = listed.some(({ name }) => name === before) ? before : "";
  byId("recipes-title").textContent = counted("{count} import recipe", "{count} import recipes", listed.length);
  byId("recipes").replaceChildren(...listed.map(entry));
}

function entry({ name }) {
  const remove = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-danger",
    content: text("Delete"),
    "aria-label": `${text("Delete")}: ${name}`,
  });
  remove.addEventListener("click", () =>
    attempt(async () => {
      await ask(`/recipes/${encodeURIComponent(name)}`, { method: "DELETE" });
      announce(text("{name} was deleted.", { name }));
    }),
  );
  const give = element("a", {
    className: "btn btn-sm btn-outline-secondary",
    href: `/recipes/${encodeURIComponent(name)}/export`,
    download: "",
    content: text("Export"),
    "aria-label": `${text("Export")}: ${name}`,
  });
  return element("li", {}, element("span", { className: "name", content: name }), give, remove);
}

// Something that changes the recipes; they are listed anew when it is done.
async function attempt(act) {
  try {
    await act();
    await load();
  } catch (problem) {
    failed(problem);
  }
}

async function save() {
  const name = byId("recipe-name").value.trim();
  const body = { name, options: optionsOf(), replace: listed.some((recipe) => recipe.name === name) };
  await attempt(async () => {
    await ask(`/uploads/${upload.id}/recipe`, { method: "POST", body });
    announce(text("The import recipe {name} was saved.", { name }));
    byId("recipe-help").textContent = text("Saved as {name}. Later files of the same form use it by themselves.", {
      name,
    });
  });
  byId("import-recipe").value = listed.some((recipe) => recipe.name === name) ? name : "";
}

async function take(file) {
  await attempt(async () => {
    let body;
    try {
      body = await new Response(file).json();
    } catch {
      throw new Problem({
        message: text("The import recipe is not valid JSON."),
        hint: text("Check quotes, commas and braces."),
      });
    }
    const { name } = await ask("/recipes", { method: "POST", body });
    announce(text("The import recipe {name} was saved.", { name }));
  });
}

export function start(onChosen, onProblem) {
  chosen = onChosen;
  failed = onProblem;
  byId("import-recipe").addEventListener("change", (event) => {
    const recipe = listed.find(({ name }) => name === event.target.value);
    chosen(recipe ?? { options: {} });
  });
  byId("recipe-form").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  const input = byId("recipe-file");
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (file) take(file);
  });
}
