"use strict";
// Opens what the address points to, and copies commands.

{
  const follow = () => {
    const [kind, target] = [/^#(case|change)=(.*)$/s.exec(location.hash), location.hash.slice(1)];
    try {
      if (kind?.[1] === "case") return cases?.show(decodeURIComponent(kind[2]));
      if (kind?.[1] === "change") return changes?.show(...kind[2].split("@").map(decodeURIComponent));
      const place = document.getElementById(decodeURIComponent(target));
      if (place instanceof HTMLDetailsElement) place.open = true;
      place?.scrollIntoView();
    } catch (error) {
      // An address that somebody cut leads nowhere.
      if (!(error instanceof URIError)) throw error;
    }
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy");
    if (!button) return;
    const code = button.previousElementSibling;
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // A page opened from a disk may not write to the clipboard: select, for the keyboard's copy.
      getSelection().selectAllChildren(code);
      copied = false;
    }
    button.textContent = copied ? "copied" : "selected";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
  follow();
}
