// A note that is being written stays in its tab until it is sent: over a reload, another event and the way back.
const key = (about) => `draft:${about}`;

function stored(act) {
  try {
    return act(sessionStorage);
  } catch {
    return null; // storage is switched off or full: a note lasts until the page is left
  }
}

/** @param {string} about what the note is about @param {string} saved what the server has */
export const draftOf = (about, saved) => stored((kept) => kept.getItem(key(about))) ?? saved;

/** @param {string} about */
export const dropDraft = (about) => stored((kept) => kept.removeItem(key(about)));

/**
 * Keeps what is typed into a field.
 *
 * @param {any} field
 * @param {() => string} about what the note is about at this moment
 */
export function keepDraft(field, about) {
  field.addEventListener("input", () => stored((kept) => kept.setItem(key(about()), field.value)));
}
