"use strict";
(() => {
  document.documentElement.classList.add("scripted");

  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });

  const selected = document.getElementById("selected");
  if (!selected) return;

  const anchorOf = (link) => link.getAttribute("href").slice(1);
  const choose = (anchor) => {
    const card = document.getElementById(anchor);
    if (!card) return;
    selected.replaceChildren(...Array.from(card.cloneNode(true).childNodes));
    selected.hidden = false;
    for (const link of document.querySelectorAll(".timeline a")) {
      if (anchorOf(link) === anchor) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };

  // Each chart is one stop of the Tab key; arrows go from point to point in it.
  for (const chart of document.querySelectorAll(".timeline .wide svg, .timeline .narrow svg")) {
    const links = Array.from(chart.querySelectorAll("a"));
    const stopAt = (place) => links.forEach((link, each) => link.setAttribute("tabindex", each === place ? "0" : "-1"));
    stopAt(0);
    links.forEach((link, place) => {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        stopAt(place);
        choose(anchorOf(link));
      });
      link.addEventListener("keydown", (event) => {
        const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: links.length - 1 };
        const next = links[steps[event.key]];
        if (!next) return;
        event.preventDefault();
        stopAt(steps[event.key]);
        next.focus();
      });
    });
  }
})();
