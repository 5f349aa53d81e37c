// The cells in groups of one answer each, the most doubtful first; a click chooses one.
const TILE_REM = 3.6;

function tile(cell, { sheet, columns, rows, chosen }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.index = cell.index;
  button.setAttribute("aria-label", cell.name);
  button.setAttribute("aria-pressed", String(cell.index === chosen));
  button.title = cell.name;
  const [column, row] = [cell.index % columns, Math.floor(cell.index / columns)];
  button.style.backgroundImage = `url("${sheet}")`;
  button.style.backgroundSize = `${TILE_REM * columns}rem ${TILE_REM * rows}rem`;
  button.style.backgroundPosition = `${-TILE_REM * column}rem ${-TILE_REM * row}rem`;
  button.style.backgroundOrigin = "border-box";
  const number = button.appendChild(document.createElement("span"));
  number.textContent = cell.number;
  return button;
}

function fill(root, data) {
  root.replaceChildren();
  for (const group of data.groups) {
    const section = root.appendChild(document.createElement("section"));
    section.setAttribute("aria-label", group.title);
    section.style.setProperty("--answer", group.color);
    const heading = section.appendChild(document.createElement("h3"));
    heading.appendChild(document.createElement("b")).textContent = group.title;
    heading.append(` (${group.cells.length})`);
    const tiles = section.appendChild(document.createElement("div"));
    tiles.className = "tiles";
    for (const cell of group.cells) tiles.appendChild(tile(cell, data));
  }
}

function step(root, from, key) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (!steps[key]) return false;
  const buttons = [...root.querySelectorAll("button")];
  const to = buttons[buttons.indexOf(from) + steps[key]];
  to?.focus();
  return true;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  const shown = JSON.stringify({ ...data, chosen: null });
  if (root.shown !== shown) fill(root, data);
  root.shown = shown;
  const press = (chosen) => {
    for (const button of root.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.index) === chosen));
    }
  };
  press(data.chosen);
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    press(Number(button.dataset.index));
    setTriggerValue("chosen", Number(button.dataset.index));
  };
  root.onkeydown = (event) => {
    if (step(root, event.target, event.key)) event.preventDefault();
  };
}
