// Draws the weights of a shelf with uPlot: a stepped line a scale, its number at the right end, signs where something
// happened. Colours come from the CSS tokens each time it draws, so that it follows the theme.
/* global uPlot */

const TOP_PX = 26; // what is read off at a moment stands there
const RIGHT_PX = 26;
const LABEL_APART_PX = 15;
const RANGE_LEAST_G = 300;
const PAD = 0.1;
const UP = new Set(["refill", "put_back"]);
const ALARMS = new Set(["sweep", "misplace", "swap"]);

const language = document.documentElement.lang || "en";
const minutes = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const grams = new Intl.NumberFormat(language, { style: "unit", unit: "gram", maximumFractionDigits: 0 });
const kilograms = new Intl.NumberFormat(language, { style: "unit", unit: "kilogram", maximumFractionDigits: 2 });

/** A weight in words. */
export function weightText(value) {
  return grams.format(value);
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Make the plot in an element. `keys` are {plate, number, style, dash}; `weights` a Weights; `onCursor(ms | null)` hears
 * what moment is pointed at. Give it a window with `show(sinceMs, untilMs)`.
 */
export class Plot {
  constructor(element, keys, weights, onCursor) {
    this.element = element;
    this.keys = keys;
    this.weights = weights;
    this.since = this.until = 0;
    this.u = new uPlot(this.#options(onCursor), [[], ...keys.map(() => [])], element);
    new ResizeObserver(() => this.u.setSize(this.#size())).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.u.redraw());
  }

  /** Show what there is between two shop times. */
  show(sinceMs, untilMs) {
    this.since = sinceMs / 1000;
    this.until = untilMs / 1000;
    const tables = this.weights.tables(untilMs);
    this.u.setData(tables.some(([times]) => times.length) ? uPlot.join(tables) : [[], ...tables.map(() => [])]);
  }

  /** Show or hide the line of a scale. */
  toggle(place, shown) {
    this.u.setSeries(place + 1, { show: shown });
  }

  /** Point at a moment, or at none. */
  point(ms) {
    const left = ms === null ? -10 : this.u.valToPos(ms / 1000, "x");
    this.u.setCursor({ left, top: ms === null ? -10 : this.u.over.clientHeight / 2 });
  }

  #size() {
    const width = Math.max(240, this.element.clientWidth);
    return { width, height: width < 560 ? 300 : 360 };
  }

  #options(onCursor) {
    const small = this.element.clientWidth < 560;
    const axis = { stroke: () => token("--text-quiet"), font: `12px ${token("--font")}`, ticks: { show: false } };
    const grid = { stroke: () => token("--line"), width: 1 };
    return {
      ...this.#size(),
      padding: [TOP_PX, RIGHT_PX, 0, small ? 0 : 4],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: true, range: () => [this.since, this.until] },
        y: { range: (u, low, high) => range(low, high) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: small ? 64 : 90, values: (u, splits) => splits.map((s) => minutes.format(s * 1000)) },
        { ...axis, grid, size: small ? 58 : 64, values: (u, splits) => splits.map((value) => (u.scales.y.max > 2000 ? kilograms.format(value / 1000) : grams.format(value))) },
      ],
      series: [{}, ...this.keys.map((key) => this.#line(key))],
      hooks: {
        draw: [(u) => this.#drawEvents(u), (u) => this.#drawNumbers(u)],
        setCursor: [(u) => onCursor(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") * 1000 : null)],
      },
    };
  }

  #line(key) {
    return {
      stroke: () => token(`--trace-${key.style}`),
      width: 2,
      dash: key.dash.map((length) => length * devicePixelRatio),
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    };
  }

  // The number of each scale where its line ends, pushed apart where lines end close to each other.
  #drawNumbers(u) {
    const ends = [];
    this.keys.forEach((key, place) => {
      const grams = u.series[place + 1].show ? this.weights.at(key.plate, this.until * 1000) : null;
      if (grams !== null) ends.push({ key, y: u.valToPos(grams, "y") });
    });
    ends.sort((one, other) => one.y - other.y);
    for (let place = 1; place < ends.length; place++) {
      ends[place].y = Math.max(ends[place].y, ends[place - 1].y + LABEL_APART_PX);
    }
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `700 ${13 * ratio}px ${token("--font")}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const { key, y } of ends) {
      ctx.fillStyle = token(`--trace-${key.style}`);
      ctx.fillText(String(key.number), bbox.left + bbox.width + 7 * ratio, bbox.top + y * ratio);
    }
    ctx.restore();
  }

  // A sign on the line of the scale it happened on, and how many, where there is room for the figure.
  #drawEvents(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const taken = [];
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 12 * ratio, bbox.width, bbox.height + 24 * ratio);
    ctx.clip();
    ctx.font = `600 ${12 * ratio}px ${token("--font")}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    for (const event of [...this.weights.events.values()].sort((one, other) => other.at_ms - one.at_ms)) {
      const place = this.keys.findIndex((key, at) => event.plates.includes(key.plate) && u.series[at + 1].show);
      if (place < 0 || event.at_ms < this.since * 1000) continue;
      const grams = this.weights.at(this.keys[place].plate, event.at_ms) ?? this.weights.at(this.keys[place].plate, event.at_ms + 5000);
      if (grams === null) continue;
      const x = u.valToPos(event.at_ms / 1000, "x", true);
      const y = u.valToPos(grams, "y", true);
      drawSign(ctx, event.kind, x, y, 5 * ratio, token(ALARMS.has(event.kind) ? "--bad" : "--text"), token("--surface"));
      const above = y - bbox.top > 22 * ratio;
      const half = ctx.measureText(event.mark).width / 2 + 2 * ratio;
      const inside = Math.min(Math.max(x, bbox.left + half), bbox.left + bbox.width - half);
      const label = { x: inside, y: above ? y - 14 * ratio : y + 14 * ratio, half };
      if (taken.some((one) => Math.abs(one.y - label.y) < 13 * ratio && Math.abs(one.x - label.x) < one.half + label.half)) continue;
      taken.push(label);
      ctx.lineWidth = 4 * ratio;
      ctx.strokeStyle = token("--surface");
      ctx.strokeText(event.mark, label.x, label.y);
      ctx.fillStyle = token(ALARMS.has(event.kind) ? "--bad" : "--text");
      ctx.fillText(event.mark, label.x, label.y);
    }
    ctx.restore();
  }
}

// Down for what left the shelf, up for what came, a diamond for what should not be.
function drawSign(ctx, kind, x, y, size, fill, edge) {
  ctx.beginPath();
  if (ALARMS.has(kind)) {
    ctx.moveTo(x, y - size * 1.3);
    ctx.lineTo(x + size * 1.3, y);
    ctx.lineTo(x, y + size * 1.3);
    ctx.lineTo(x - size * 1.3, y);
  } else {
    const point = UP.has(kind) ? -size : size;
    ctx.moveTo(x, y + point);
    ctx.lineTo(x + size, y - point * 0.8);
    ctx.lineTo(x - size, y - point * 0.8);
  }
  ctx.closePath();
  ctx.lineWidth = size * 0.6;
  ctx.strokeStyle = edge;
  ctx.stroke();
  ctx.fillStyle = fill;
  ctx.fill();
}

function range(low, high) {
  if (low === null || high === null) return [0, RANGE_LEAST_G];
  const missing = Math.max(0, RANGE_LEAST_G - (high - low)) / 2;
  const pad = (high - low) * PAD + missing;
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}
