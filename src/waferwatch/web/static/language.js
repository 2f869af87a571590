// The links to the other language lead to what the page shows now, which its address has followed since it was made.

for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".languages a"))) {
  const follow = () => {
    const target = new URL(location.href);
    target.searchParams.set("lang", link.hreflang);
    link.href = target.href;
  };
  for (const event of ["pointerdown", "focus", "click"]) link.addEventListener(event, follow);
}
