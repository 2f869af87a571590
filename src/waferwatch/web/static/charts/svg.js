// Parts of small pictures.

const NS = "http://www.w3.org/2000/svg";

/**
 * @param {string} name of the element
 * @param {Record<string, string | number>} attributes
 */
export function svg(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
