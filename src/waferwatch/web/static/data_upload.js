// Uploads: files from the picker or dropped anywhere, one after the other, each with its progress.
import { announce, Problem } from "./api.js";
import { bytes } from "./data_measures.js";
import { byId, element, page, text, whole } from "./text.js";

const MARGIN = 0.001; // of the progress; the rest is said to be reading
const list = byId("uploads");
let waiting = [];
let busy = false;
/** @type {(dataset: any) => void} */
let follower = () => {};

export const onUploaded = (function_) => {
  follower = function_;
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
    content: text("cancel"),
  });
  button.setAttribute("aria-label", `${text("cancel")}: ${file.name}`);
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
      const alert = element(
        "div",
        { className: "alert alert-danger", role: "alert" },
        element("strong", { content: problem.message }),
      );
      if (problem.hint) alert.append(element("span", { className: "hint", content: problem.hint }));
      if (problem.status >= 500 && problem.requestId) {
        alert.append(element("span", { className: "small", content: text("request_id", { id: problem.requestId }) }));
      }
      progress.replaceWith(alert);
      about.remove();
      button.hidden = false;
      button.textContent = text("close");
      button.setAttribute("aria-label", `${text("close")}: ${file.name}`);
      button.onclick = () => item.remove();
      item.scrollIntoView({ block: "nearest" });
    },
    remove: () => item.remove(),
  };
}

// Known before anything is sent, so it is refused before anything is sent.
function refusal(file) {
  if (file.size > page.most_bytes) {
    const limit = whole(page.most_bytes / 1e6);
    return new Problem({ message: text("too_large", { limit }), hint: text("too_large_hint") });
  }
  if (file.size === 0) {
    return new Problem({ message: text("empty_file", { name: file.name }), hint: text("empty_file_hint") });
  }
  return null;
}

const silence = () => new Problem({ message: text("no_server"), hint: text("no_server_hint") });

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
      if (share < 1 - MARGIN) shown.tell(share, text("sent", values));
      else shown.tell(1, text("reading"));
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
    shown.tell(0, text("sent", { sent: bytes(0), all: bytes(file.size), speed: bytes(0) }));
    const { notes, ...dataset } = await transfer(file, shown);
    shown.remove();
    announce(text("uploaded", { name: dataset.name, rows: whole(dataset.rows) }));
    follower(dataset);
  } catch (problem) {
    if (problem instanceof Problem) shown.refuse(problem);
    else {
      shown.remove();
      announce(text("upload_cancelled", { name: file.name }));
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
    shown.tell(0, text("in_turn"));
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
  byId("upload-limit").textContent = text("upload_limit", {
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
  addEventListener("beforeunload", (event) => {
    if (busy) event.preventDefault();
  });
}
