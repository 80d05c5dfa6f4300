"use strict";
const table = document.querySelector("table");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const rows = [...body.rows].map((element) => ({
  element,
  cells: [...element.cells].map((cell) => cell.textContent),
}));
const verdictColumn = heads.findIndex((head) => head.className === "verdict");
for (const row of rows) row.text = row.cells.join("\n").toLowerCase();

const byText = new Intl.Collator(undefined, { numeric: true }).compare;

/* What has no value stands last, whatever the direction. */
function sortBy(column, direction) {
  const isNumber = "number" in heads[column].dataset;
  const key = (row) => (isNumber ? parseFloat(row.cells[column]) : row.cells[column]);
  const isEmpty = (value) => value === "" || Number.isNaN(value);
  const keyed = rows.map((row) => ({ row, value: key(row) }));
  const full = keyed.filter(({ value }) => !isEmpty(value));
  full.sort((one, other) => direction * (isNumber ? one.value - other.value : byText(one.value, other.value)));
  const empty = keyed.filter(({ value }) => isEmpty(value));
  body.append(...[...full, ...empty].map(({ row }) => row.element));
}

function press(column) {
  const head = heads[column];
  const first = "number" in head.dataset ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const each of heads) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  sortBy(column, order === "ascending" ? 1 : -1);
}

heads.forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => press(column));
  head.append(button);
});

const text = document.getElementById("text");
const verdict = document.getElementById("verdict");

function filter() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, cells, text: content } of rows) {
    const fits =
      (!verdict.value || cells[verdictColumn] === verdict.value) && words.every((word) => content.includes(word));
    element.hidden = !fits;
    shown += fits;
  }
  document.getElementById("count").textContent = `${shown} of ${rows.length} shown`;
  document.getElementById("none").hidden = shown > 0 || rows.length === 0;
}

text.addEventListener("input", filter);
verdict.addEventListener("change", filter);
text.form.addEventListener("submit", (event) => event.preventDefault());
text.form.hidden = false;
filter();
