// Uploads: files from the picker or dropped anywhere, one after the other, each with its progress.
import { alertOf, announce, ask, Problem, showProblem, silence } from "../api.js";
import { byId, counted, element, page, text, whole } from "../text.js";
import { bytes } from "./measures.js";

const MARGIN = 0.001; // of the progress; the rest is said to be reading
const list = byId("uploads");
let waiting = [];
let busy = false;
/** @type {(dataset: any) => void} */
let follower = () => {};

export const onUploaded = (function_) => {
  follower = function_;
};
/** @type {(upload: string) => Promise<void>} */
let mender = async () => {};
export const onMend = (function_) => {
  mender = function_;
};

function line(file) {
  const about = element("div", { className: "form-text" });
  const bar = element("div", { className: "progress-bar" });
  const progress = element(
    "div",
    {
      className: "progress",
      role: "progressbar",
      "aria-label": file.name,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": 0,
    },
    bar,
  );
  const button = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-secondary",
    content: text("Cancel"),
  });
  button.setAttribute("aria-label", `${text("Cancel")}: ${file.name}`);
  const head = element(
    "div",
    { className: "line" },
    element("div", { className: "name", content: file.name, title: file.name }),
    button,
  );
  const item = element("li", {}, head, progress, about);
  list.append(item);
  return {
    tell(share, sentence) {
      about.textContent = sentence;
      bar.style.width = `${share * 100}%`;
      progress.setAttribute("aria-valuenow", Math.round(share * 100));
    },
    onCancel(stop) {
      button.onclick = stop;
    },
    noCancel() {
      button.hidden = true;
    },
    refuse(problem) {
      const alert = alertOf(problem, { role: "alert" });
      const more = problem.findings.length - 1;
      if (more > 0) {
        const others = counted("{count} more thing stands in the way.", "{count} more things stand in the way.", more);
        alert.append(element("span", { className: "hint", content: others }));
      }
      progress.replaceWith(alert);
      about.remove();
      if (problem.upload) alert.after(mending(problem.upload, file.name, item));
      button.hidden = false;
      button.textContent = text("Close");
      button.setAttribute("aria-label", `${text("Close")}: ${file.name}`);
      button.onclick = () => item.remove();
      item.scrollIntoView({ block: "nearest" });
    },
    remove: () => item.remove(),
  };
}

// The button that opens the reading of a refused file.
function mending(upload, name, item) {
  const button = element("button", {
    type: "button",
    className: "btn btn-sm btn-primary fix mend",
    content: text("Correct the reading"),
    "aria-label": `${text("Correct the reading")}: ${name}`,
  });
  button.dataset.upload = upload;
  button.addEventListener("click", () => mender(upload).catch(() => item.remove()));
  return button;
}

// A refused file that was mended or removed is no longer listed.
export function settle(upload) {
  list
    .querySelector(`[data-upload="${CSS.escape(upload)}"]`)
    ?.closest("li")
    ?.remove();
}

// Files that were refused some time ago and are still kept.
async function listRefused() {
  const { uploads } = await ask("/uploads");
  for (const { id, name } of uploads.reverse()) {
    const close = element("button", {
      type: "button",
      className: "btn btn-sm btn-outline-secondary",
      content: text("Remove"),
      "aria-label": `${text("Remove")}: ${name}`,
    });
    const head = element("div", { className: "line" }, element("div", { className: "name", content: name }), close);
    const said = element("div", {
      className: "form-text",
      content: text("It could not be read. It is kept for a while."),
    });
    const item = element("li", {}, head, said);
    item.append(mending(id, name, item));
    close.addEventListener("click", async () => {
      try {
        await ask(`/uploads/${id}`, { method: "DELETE" });
      } catch (problem) {
        showProblem(problem);
        if (problem.status !== 404) return; // it is still there
      }
      item.remove();
    });
    list.append(item);
  }
}

// Known before anything is sent, so it is refused before anything is sent.
function refusal(file) {
  if (file.size > page.most_bytes) {
    const limit = whole(page.most_bytes / 1e6);
    return new Problem({
      message: text("The file is larger than {limit} MB.", { limit }),
      hint: text("Split it, or raise WAFERWATCH_MAX_UPLOAD_MB."),
    });
  }
  if (file.size === 0) {
    return new Problem({
      message: text("{name} is empty.", { name: file.name }),
      hint: text("Choose a file with data."),
    });
  }
  return null;
}

function transfer(file, shown) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    const began = performance.now();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const share = loaded / total;
      const speed = loaded / Math.max(0.2, (performance.now() - began) / 1000);
      const values = { sent: bytes(Math.min(loaded, file.size)), all: bytes(file.size), speed: bytes(speed) };
      if (share < 1 - MARGIN) shown.tell(share, text("{sent} of {all} · {speed}/s", values));
      else shown.tell(1, text("Sent; the server reads it"));
    });
    request.addEventListener("error", () => reject(silence()));
    request.addEventListener("abort", () => reject(null));
    request.addEventListener("load", () => {
      let content;
      try {
        content = JSON.parse(request.responseText);
      } catch {
        reject(silence());
        return;
      }
      if (request.status < 300) resolve(content);
      else reject(new Problem(content.error, request.status));
    });
    request.open("POST", "/datasets");
    request.setRequestHeader("Accept", "application/json");
    shown.onCancel(() => request.abort());
    request.send(form);
  });
}

async function uploadNext() {
  if (busy || !waiting.length) return;
  busy = true;
  const { file, shown } = waiting.shift();
  try {
    shown.tell(0, text("{sent} of {all} · {speed}/s", { sent: bytes(0), all: bytes(file.size), speed: bytes(0) }));
    const { notes, findings, ...dataset } = await transfer(file, shown);
    shown.remove();
    announce(text("{name} is ready: {rows} rows.", { name: dataset.name, rows: whole(dataset.rows) }));
    follower(dataset);
  } catch (problem) {
    if (problem instanceof Problem) shown.refuse(problem);
    else {
      shown.remove();
      announce(text("The upload of {name} was cancelled.", { name: file.name }));
      if (problem) throw problem;
    }
  } finally {
    busy = false;
    uploadNext();
  }
}

function take(files) {
  for (const file of files) {
    const shown = line(file);
    const problem = refusal(file);
    if (problem) {
      shown.refuse(problem);
      continue;
    }
    const entry = { file, shown };
    shown.tell(0, text("Waits for its turn"));
    shown.onCancel(() => {
      waiting = waiting.filter((other) => other !== entry);
      shown.remove();
    });
    waiting.push(entry);
  }
  uploadNext();
}

function followDrops() {
  const veil = byId("veil");
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // dragenter and dragleave come from every element that is crossed
  const cover = (on) => {
    veil.hidden = !on;
    if (!on) depth = 0;
  };
  document.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    cover(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth <= 0) cover(false);
  });
  document.addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    cover(false);
    take(event.dataTransfer?.files ?? []);
  });
}

export function start() {
  const { rows, columns } = byId("upload-limit").dataset;
  byId("upload-limit").textContent = text("at most {size}, {rows} rows and {columns} columns a file", {
    size: bytes(page.most_bytes),
    rows: whole(rows),
    columns: whole(columns),
  });
  const input = byId("file");
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // the same file can be chosen again
  });
  followDrops();
  listRefused().catch(() => {}); // without them the page is as useful as before
  addEventListener("beforeunload", (event) => {
    if (busy) event.preventDefault();
  });
}
