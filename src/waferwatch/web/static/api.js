// Requests to the server, and how a failure is shown.
import { byId, element, text } from "./text.js";

export class Problem extends Error {
  constructor({ message, hint = "", request_id: requestId = "", findings = [], upload = null }, status = 0) {
    super(message);
    this.hint = hint;
    this.requestId = requestId;
    this.status = status;
    this.findings = findings; // of a file that was refused
    this.upload = upload; // under which it is kept for a while
  }
}

/** Parameters of an address; what is null or undefined is left out. */
export const queryOf = (values) =>
  new URLSearchParams(
    Object.entries(values)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );

/** The server does not answer, or something else answers in its place. */
export const silence = () =>
  new Problem({
    message: text("The server does not answer."),
    hint: text("Check that it runs and that you are connected, then try again."),
  });

/**
 * The JSON that the server answers; null where it answers nothing.
 *
 * @param {string} path
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [request]
 * @returns {Promise<any>}
 * @throws {Problem} when the server refuses or does not answer
 */
export async function ask(path, { method = "GET", body, signal } = {}) {
  /** @type {RequestInit} */
  const options = { method, signal, headers: { Accept: "application/json" } };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { ...options.headers, "Content-Type": "application/json" };
  }
  return answered(path, options, (answer) => (answer.status === 204 ? null : answer.json()));
}

/**
 * Saves the file that the server answers to a body.
 *
 * @param {string} path
 * @param {unknown} body
 * @throws {Problem} when the server refuses or does not answer
 */
export async function download(path, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  const [name, file] = await answered(path, { method: "POST", headers, body: JSON.stringify(body) }, async (answer) => {
    const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
    return [named ?? "table", await answer.blob()];
  });
  const href = URL.createObjectURL(file);
  const link = element("a", { href, download: decodeURIComponent(name) });
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(href);
}

// What the server sends is read before anybody relies on it: a connection may break in the middle.
async function answered(path, options, read) {
  try {
    const answer = await fetch(path, options);
    if (answer.ok) return await read(answer);
    throw new Problem((await answer.json()).error, answer.status);
  } catch (fault) {
    throw fault instanceof Problem || fault.name === "AbortError" ? fault : silence();
  }
}

/** A problem as it stands on the page. */
export function alertOf(problem, attributes = {}) {
  const alert = element(
    "div",
    { className: "alert alert-danger", ...attributes },
    element("strong", { content: problem.message }),
  );
  if (problem.hint) alert.append(element("span", { className: "hint", content: problem.hint }));
  if (problem.status >= 500 && problem.requestId) {
    alert.append(element("span", { className: "small", content: text("Request id: {id}", { id: problem.requestId }) }));
  }
  return alert;
}

/**
 * @param {any} problem that is not one of the server is thrown on; a request that was given up is none
 * @param {HTMLElement} [place] where it is shown
 */
export function showProblem(problem, place = byId("problem")) {
  if (problem.name === "AbortError") return;
  if (!(problem instanceof Problem)) throw problem;
  const alert = alertOf(problem);
  place.replaceChildren(alert);
  alert.scrollIntoView({ block: "nearest" });
}

export const clearProblem = () => byId("problem").replaceChildren();

export function showNotes(notes) {
  const alerts = notes.map((note) => element("li", { content: note }));
  const box = element(
    "div",
    { className: "alert alert-secondary" },
    element("ul", { className: "mb-0 ps-3" }, ...alerts),
  );
  byId("notes").replaceChildren(...(alerts.length ? [box] : []));
}

export const announce = (sentence) => {
  byId("status").textContent = sentence;
};
