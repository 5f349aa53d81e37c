// The large picture: zoom, pan, overlays and light are the browser's alone; only the choice of a
// cell, and the wish for the enhanced picture, go back to Python.
const MAX_SCREEN_PX_A_PIXEL = 16;
const ZOOM_STEP = 1.25;
const DRAG_PX = 5;
const SCALE_BAR_PX = 110;
const SCALE_UM = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
const SVG = "http://www.w3.org/2000/svg";
const NEUTRAL = { brightness: 100, contrast: 100, gamma: 100 };

class Scope {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.view = this.find(".view");
    this.pointers = new Map();
    this.light = { ...NEUTRAL };
    this.isOn = { enhanced: false, boxes: true, heat: false, mark: false };
    this.fade = 60;
    this.listen();
    new ResizeObserver(() => this.frame && this.place()).observe(this.view);
  }

  // Takes what Python sends at each run; what the reader set here stays.
  show(data, send) {
    const isOther = data.key !== this.data?.key;
    const isMoved = data.chosen !== this.data?.chosen;
    Object.assign(this, { data, send, words: data.words });
    if (isOther) {
      this.view.style.aspectRatio = `${data.width} / ${data.height}`;
      this.isOn.enhanced = false;
      this.isOn.mark = false;
      this.frame = { x: 0, y: 0, width: data.width, height: data.height };
    }
    this.name();
    this.drawCells();
    this.draw();
    if (isMoved && !isOther) this.bringIntoView(data.cells[data.chosen]);
    this.place();
  }

  name() {
    const { words, data } = this;
    this.root.firstElementChild?.setAttribute("aria-label", words.tools);
    this.root.setAttribute("aria-label", words.picture);
    this.view.setAttribute("aria-label", data.name);
    const named = { out: words.zoomOut, in: words.zoomIn, keys: words.keys };
    for (const button of this.root.querySelectorAll("[data-act]")) {
      const act = button.dataset.act;
      if (named[act]) button.setAttribute("aria-label", named[act]);
      else button.textContent = words[act];
      button.title = named[act] ?? words.help[act] ?? "";
    }
    const fade = this.find(".fade");
    fade.setAttribute("aria-label", words.fade);
    fade.title = words.fade;
    const adjust = this.find(".panel.adjust");
    if (!adjust.childElementCount) this.fillAdjust(adjust);
    const keys = this.find(".panel.keys");
    if (!keys.childElementCount) {
      for (const [key, meaning] of words.keyList) {
        const line = keys.appendChild(document.createElement("div"));
        line.appendChild(document.createElement("dt")).textContent = key;
        line.appendChild(document.createElement("dd")).textContent = meaning;
      }
    }
  }

  fillAdjust(panel) {
    for (const name of Object.keys(NEUTRAL)) {
      const label = panel.appendChild(document.createElement("label"));
      label.textContent = this.words[name];
      const input = label.appendChild(document.createElement("input"));
      Object.assign(input, { type: "range", min: 40, max: 220, step: 5, value: 100, name });
      input.addEventListener("input", () => {
        this.light[name] = Number(input.value);
        this.draw();
      });
    }
    const reset = panel.appendChild(document.createElement("button"));
    Object.assign(reset, { type: "button", textContent: this.words.reset });
    reset.addEventListener("click", () => {
      this.light = { ...NEUTRAL };
      for (const input of panel.querySelectorAll("input")) input.value = 100;
      this.draw();
    });
  }

  drawCells() {
    const { cells, chosen } = this.data;
    const group = this.find(".cells");
    const hadFocus = group.contains(this.root.getRootNode().activeElement);
    group.replaceChildren();
    cells.forEach((cell, index) => {
      const one = group.appendChild(document.createElementNS(SVG, "g"));
      one.setAttribute("class", "cell");
      one.setAttribute("role", "button");
      one.setAttribute("tabindex", index === (chosen ?? 0) ? "0" : "-1");
      one.setAttribute("aria-label", cell.name);
      one.setAttribute("aria-pressed", String(index === chosen));
      one.classList.toggle("marked", cell.isMarked);
      one.classList.toggle("removed", cell.isRemoved);
      one.style.setProperty("--answer", cell.color);
      one.dataset.index = index;
      for (const look of ["halo", "line"]) {
        const rect = one.appendChild(document.createElementNS(SVG, "rect"));
        rect.setAttribute("class", look);
        for (const side of ["x", "y", "width", "height"]) rect.setAttribute(side, cell[side]);
      }
      const text = one.appendChild(document.createElementNS(SVG, "text"));
      text.textContent = cell.mark;
    });
    // The chosen one is drawn last, over its neighbors.
    const last = group.children[chosen];
    if (last) group.appendChild(last);
    if (hadFocus) group.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  }

  // Pictures, overlays and light.
  draw() {
    const { data, isOn, words } = this;
    const photo = this.find(".photo");
    const wanted = isOn.enhanced && data.enhanced ? data.enhanced : data.original;
    if (photo.getAttribute("href") !== wanted) photo.setAttribute("href", wanted);
    const warmth = this.find(".warmth");
    if (data.heat) warmth.setAttribute("href", data.heat);
    warmth.style.opacity = this.fade / 100;
    warmth.style.display = isOn.heat && data.heat ? "" : "none";
    for (const image of [photo, warmth]) {
      image.setAttribute("width", data.width);
      image.setAttribute("height", data.height);
    }
    this.find(".cells").style.display = isOn.boxes ? "" : "none";
    this.drawPending(data.pending);
    this.view.classList.toggle("marking", isOn.mark);
    const hint = this.find(".hint");
    hint.hidden = !isOn.mark;
    hint.textContent = words.marking;
    for (const act of ["enhanced", "boxes", "heat", "mark"]) {
      this.find(`[data-act=${act}]`).setAttribute("aria-pressed", String(isOn[act]));
    }
    this.find("[data-act=boxes]").disabled = data.cells.length === 0;
    this.find("[data-act=heat]").disabled = !data.heat;
    this.find("[data-act=mark]").hidden = !data.canMark;
    this.find("[data-act=mark]").disabled = !data.canMark;
    this.find("[data-act=enhanced]").disabled = !data.canEnhance;
    this.find(".fade").value = this.fade;
    this.find(".fade").disabled = !data.heat || !isOn.heat;
    for (const name of ["adjust", "keys"]) {
      const isOpen = !this.find(`.panel.${name}`).hidden;
      this.find(`[data-act=${name}]`).setAttribute("aria-expanded", String(isOpen));
    }
    this.drawLight(photo);
  }

  // What is marked and not yet signed.
  drawPending(box) {
    const group = this.find(".pending");
    group.replaceChildren();
    if (!box) return;
    for (const look of ["halo", "line"]) {
      const rect = group.appendChild(document.createElementNS(SVG, "rect"));
      rect.setAttribute("class", look);
      for (const side of ["x", "y", "width", "height"]) rect.setAttribute(side, box[side]);
    }
  }

  drawLight(photo) {
    const { brightness, contrast, gamma } = this.light;
    if (brightness === 100 && contrast === 100 && gamma === 100) {
      photo.removeAttribute("filter");
      return;
    }
    const slope = (brightness * contrast) / 10000;
    const functions = [
      [".linear", { type: "linear", slope, intercept: 0.5 - contrast / 200 }],
      [".gamma", { type: "gamma", amplitude: 1, exponent: 100 / gamma, offset: 0 }],
    ];
    for (const [name, attributes] of functions) {
      const channels = ["R", "G", "B"].map((channel) => {
        const part = document.createElementNS(SVG, `feFunc${channel}`);
        for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
        return part;
      });
      this.find(name).replaceChildren(...channels);
    }
    photo.setAttribute("filter", "url(#light)");
  }

  // Screen pixels a pixel of the image, where the whole image is seen and now.
  scales() {
    const seen = this.view.getBoundingClientRect();
    const whole = Math.min(seen.width / this.data.width, seen.height / this.data.height) || 1;
    const now = Math.min(seen.width / this.frame.width, seen.height / this.frame.height) || 1;
    return { seen, whole, now };
  }

  // Keeps the frame inside the image and as wide as the screen, then draws it.
  place() {
    const { width, height, cells, pixelsPerUm } = this.data;
    const { seen, whole, now } = this.scales();
    if (seen.width === 0) return;
    const scale = Math.min(Math.max(now, whole), Math.max(MAX_SCREEN_PX_A_PIXEL, whole));
    const middle = {
      x: this.frame.x + this.frame.width / 2,
      y: this.frame.y + this.frame.height / 2,
    };
    const size = { width: seen.width / scale, height: seen.height / scale };
    const within = (at, side, all) =>
      side >= all ? (all - side) / 2 : Math.min(Math.max(at - side / 2, 0), all - side);
    this.frame = {
      x: within(middle.x, size.width, width),
      y: within(middle.y, size.height, height),
      ...size,
    };
    const { x, y } = this.frame;
    this.view.setAttribute("viewBox", `${x} ${y} ${size.width} ${size.height}`);
    this.view.style.setProperty("--unit", 1 / scale);
    this.view.classList.toggle("near", scale > whole * 1.001);
    this.find(".zoom").textContent = `${Math.round((100 * scale) / whole)} %`;
    for (const one of this.find(".cells").children) {
      const cell = cells[one.dataset.index];
      const text = one.lastElementChild;
      text.setAttribute("x", cell.x + 5 / scale);
      text.setAttribute("y", cell.y + 16 / scale);
    }
    this.drawScale(pixelsPerUm ? pixelsPerUm * scale : 0);
  }

  drawScale(screenPxPerUm) {
    const bar = this.find(".scale");
    bar.hidden = !screenPxPerUm;
    if (!screenPxPerUm) return;
    const fitting = SCALE_UM.filter((um) => um * screenPxPerUm <= SCALE_BAR_PX);
    const um = fitting.at(-1) ?? SCALE_UM[0];
    bar.firstElementChild.style.width = `${um * screenPxPerUm}px`;
    bar.lastElementChild.textContent = this.words.scale.replace("{um}", um);
  }

  zoom(factor, at) {
    const { seen, now, whole } = this.scales();
    const scale = Math.min(
      Math.max(now * factor, whole),
      Math.max(MAX_SCREEN_PX_A_PIXEL, whole),
    );
    const share = at
      ? { x: (at.x - seen.left) / seen.width, y: (at.y - seen.top) / seen.height }
      : { x: 0.5, y: 0.5 };
    const fixed = {
      x: this.frame.x + share.x * this.frame.width,
      y: this.frame.y + share.y * this.frame.height,
    };
    const size = { width: seen.width / scale, height: seen.height / scale };
    this.frame = {
      x: fixed.x - share.x * size.width,
      y: fixed.y - share.y * size.height,
      ...size,
    };
    this.place();
  }

  move(x, y) {
    const { now } = this.scales();
    this.frame.x -= x / now;
    this.frame.y -= y / now;
    this.place();
  }

  fit() {
    const { width, height } = this.data;
    this.frame = { x: 0, y: 0, width, height };
    this.place();
  }

  bringIntoView(cell) {
    if (!cell) return;
    const { x, y, width, height } = this.frame;
    const isSeen =
      cell.x >= x && cell.y >= y && cell.x + cell.width <= x + width &&
      cell.y + cell.height <= y + height;
    if (isSeen) return;
    this.frame.x = cell.x + cell.width / 2 - width / 2;
    this.frame.y = cell.y + cell.height / 2 - height / 2;
  }

  choose(index) {
    const { cells } = this.data;
    if (!cells.length) return;
    const chosen = (index + cells.length) % cells.length;
    this.say(cells[chosen].name);
    // Seen at once; the server's answer draws it again.
    this.data = { ...this.data, chosen };
    this.drawCells();
    this.bringIntoView(cells[chosen]);
    this.place();
    this.send("chosen", chosen);
  }

  // Where in the image the pointer is.
  placeOf(event) {
    const { seen, now } = this.scales();
    return {
      x: this.frame.x + (event.clientX - seen.left) / now,
      y: this.frame.y + (event.clientY - seen.top) / now,
    };
  }

  mark({ x, y }) {
    const { width, height } = this.data;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    this.isOn.mark = false;
    this.draw();
    this.send("marked", { x, y });
  }

  // A box that is being drawn, from where the pointer went down; its middle is what it marks.
  drawBox(event) {
    const { x, y } = this.placeOf(event);
    const { from } = this;
    const box = {
      x: Math.min(from.x, x),
      y: Math.min(from.y, y),
      width: Math.abs(x - from.x),
      height: Math.abs(y - from.y),
    };
    this.drawn = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    this.drawPending(box);
  }

  endBox(isMeant) {
    const { drawn } = this;
    this.from = this.drawn = null;
    if (isMeant && drawn) this.mark(drawn);
    else if (drawn) this.draw();
  }

  // Boxes overlap in a crowded field: the nearest of those under the pointer is meant.
  chooseAt(event) {
    if (!event.target.closest(".cell")) return;
    const { x, y } = this.placeOf(event);
    const far = ({ x: left, y: top, width, height }) =>
      Math.hypot(left + width / 2 - x, top + height / 2 - y);
    const { cells } = this.data;
    const nearest = cells.reduce((best, cell) => (far(cell) < far(best) ? cell : best));
    this.choose(cells.indexOf(nearest));
  }

  act(name) {
    const { isOn, words, data } = this;
    const chosen = data.chosen ?? -1;
    const acts = {
      in: () => this.zoom(ZOOM_STEP),
      out: () => this.zoom(1 / ZOOM_STEP),
      fit: () => this.fit(),
      next: () => this.choose(chosen + 1),
      previous: () => this.choose(chosen < 0 ? -1 : chosen - 1),
      fainter: () => this.setFade(this.fade - 10),
      stronger: () => this.setFade(this.fade + 10),
    };
    if (acts[name]) {
      acts[name]();
      return;
    }
    if (this.find(`[data-act=${name}]`).disabled) return;
    if (name === "adjust" || name === "keys") {
      const panel = this.find(`.panel.${name}`);
      panel.hidden = !panel.hidden;
    } else {
      isOn[name] = !isOn[name];
      if (name === "mark") {
        this.endBox(false);
        this.say(isOn.mark ? words.marking : "");
      } else this.say(`${words[name]}: ${isOn[name] ? words.shown : words.hidden}`);
      if (name === "enhanced" && isOn.enhanced && !data.enhanced) this.send("wanted", "enhanced");
    }
    this.draw();
  }

  setFade(percent) {
    this.fade = Math.min(Math.max(percent, 0), 100);
    this.say(`${this.words.fade}: ${this.fade} %`);
    this.draw();
  }

  say(words) {
    this.find(".said").textContent = words;
  }

  listen() {
    const { view, root } = this;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button) this.act(button.dataset.act);
    });
    this.find(".fade").addEventListener("input", (event) => {
      this.setFade(Number(event.target.value));
    });
    root.addEventListener("keydown", (event) => this.onKey(event));
    view.addEventListener("wheel", (event) => {
      const isWhole = !view.classList.contains("near");
      // Nothing is left to zoom out of: the wheel goes on to the page.
      if (isWhole && event.deltaY > 0) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
    }, { passive: false });
    view.addEventListener("dblclick", () => this.fit());
    view.addEventListener("pointerdown", (event) => this.onDown(event));
    view.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel"]) {
      view.addEventListener(end, (event) => {
        this.pointers.delete(event.pointerId);
        view.classList.remove("held");
        this.endBox(end === "pointerup");
      });
    }
    view.addEventListener("click", (event) => {
      if (this.hasDragged) return;
      if (this.isOn.mark) this.mark(this.placeOf(event));
      else this.chooseAt(event);
    });
  }

  onDown(event) {
    const isFirst = this.pointers.size === 0;
    if (isFirst) this.hasDragged = false;
    else this.endBox(false);
    const drawsBox = isFirst && this.data.canMark && (this.isOn.mark || event.shiftKey);
    if (drawsBox) this.from = this.placeOf(event);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const far = Math.hypot(now.x - before.x, now.y - before.y);
    if (!this.hasDragged && far < DRAG_PX) return;
    if (!this.hasDragged) {
      this.hasDragged = true;
      this.view.setPointerCapture(event.pointerId);
      if (!this.from) this.view.classList.add("held");
    }
    if (this.from) {
      this.drawBox(event);
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) {
      this.move(now.x - before.x, now.y - before.y);
      return;
    }
    const was = Math.hypot(before.x - other.x, before.y - other.y) || 1;
    const is = Math.hypot(now.x - other.x, now.y - other.y);
    this.zoom(is / was, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    const cell = target.closest?.(".cell");
    if (cell && (key === "Enter" || key === " ")) {
      this.choose(Number(cell.dataset.index));
      event.preventDefault();
      return;
    }
    const isRange = target.type === "range";
    const acts = {
      "+": "in", "=": "in", "-": "out", 0: "fit", e: "enhanced", b: "boxes", h: "heat",
      "[": "fainter", "]": "stronger", a: "adjust", "?": "keys", n: "next", p: "previous",
      m: "mark",
    };
    const isEnd = key === "Escape" && this.isOn.mark;
    const act = isEnd ? "mark" : acts[key.toLowerCase()];
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const isNear = this.view.classList.contains("near");
    if (act) this.act(act);
    else if (moves[key] && !isRange && isNear) this.move(...moves[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".scope");
  root.scope ??= new Scope(root);
  root.scope.show(data, setTriggerValue);
}
