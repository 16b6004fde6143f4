// The weights of a shelf's scales and what happened on them, kept for the plot. Nothing here knows of the page.

/** Points of [shop ms, grams] by scale in order of time, and events by key. */
export class Weights {
  constructor(plates) {
    this.plates = plates;
    this.points = new Map(plates.map((plate) => [plate, []]));
    this.events = new Map();
    this.gapMs = Infinity;
  }

  /** Begin anew with what the server told (dashboards/web/shelf/trace.py). */
  load(trace) {
    this.gapMs = trace.gap_ms;
    for (const plate of this.plates) this.points.set(plate, []);
    for (const { plate, points } of trace.plates) if (this.points.has(plate)) this.points.set(plate, points);
    this.events = new Map(trace.events.map((event) => [event.key, event]));
  }

  /** Add rows of [plate, shop ms, grams]; tell whether any is of this shelf. */
  add(rows) {
    let ours = false;
    for (const [plate, ms, grams] of rows) {
      const points = this.points.get(plate);
      if (!points) continue;
      ours = true;
      const place = points.findLastIndex(([at]) => at <= ms);
      points.splice(place + 1, place >= 0 && points[place][0] === ms && points[place][1] === grams ? 1 : 0, [ms, grams]);
    }
    return ours;
  }

  /** Forget what lies before a time, but for the last point: its weight still holds when the window begins. */
  forget(beforeMs) {
    for (const points of this.points.values()) {
      const kept = points.findLastIndex(([at]) => at <= beforeMs);
      if (kept > 0) points.splice(0, kept);
    }
    for (const [key, event] of this.events) if (event.at_ms < beforeMs) this.events.delete(key);
  }

  /** What a scale showed at a time: null before its first word, and where it was silent for long. */
  at(plate, ms) {
    const point = this.points.get(plate).findLast(([at]) => at <= ms);
    return point && ms - point[0] <= this.gapMs ? point[1] : null;
  }

  /** One [times in s, weights] a scale up to now. A null breaks the line after a weight that nothing followed for long. */
  tables(nowMs) {
    return this.plates.map((plate) => {
      const points = this.points.get(plate);
      const times = [];
      const weights = [];
      points.forEach(([ms, grams], place) => {
        if (points[place + 1]?.[0] === ms) return; // of two words at once the last counts
        times.push(ms / 1000);
        weights.push(grams);
        const next = points[place + 1]?.[0] ?? nowMs;
        if (next - ms > this.gapMs) {
          times.push((ms + 1) / 1000);
          weights.push(null);
        } else if (place === points.length - 1 && nowMs > ms) {
          times.push(nowMs / 1000);
          weights.push(grams);
        }
      });
      return [times, weights];
    });
  }

  /**
   * Rows of {ms, plate, grams, change, texts} for every weight that differs from the one before, the newest first, and
   * for what each scale showed when the time began.
   */
  changes(sinceMs, leastG, most) {
    const rows = [];
    for (const plate of this.plates) {
      let before = null;
      let begun = false;
      for (const [ms, grams] of this.points.get(plate)) {
        if (before !== null && Math.abs(grams - before) < leastG) continue;
        const change = before === null ? null : grams - before;
        if (ms >= sinceMs) {
          if (change !== null && !begun) rows.push({ ms: sinceMs, plate, grams: before, change: null, texts: [] });
          rows.push({ ms, plate, grams, change, texts: [] });
          begun = true;
        }
        before = grams;
      }
      if (!begun && before !== null) rows.push({ ms: sinceMs, plate, grams: before, change: null, texts: [] });
    }
    for (const event of this.events.values()) this.#rowOf(event, rows)?.texts.push(event.text);
    return rows.sort((one, other) => other.ms - one.ms).slice(0, most);
  }

  // The change an event was felt by: the nearest of its scales, and not one the other way.
  #rowOf(event, rows) {
    const way = event.kind === "pick" || event.kind === "sweep" ? -1 : event.kind === "refill" || event.kind === "put_back" ? 1 : 0;
    const near = rows.filter((row) => event.plates.includes(row.plate) && row.change !== null && row.change * way >= 0);
    near.sort((one, other) => Math.abs(one.ms - event.at_ms) - Math.abs(other.ms - event.at_ms));
    return near.length && Math.abs(near[0].ms - event.at_ms) <= this.gapMs / 2 ? near[0] : null;
  }
}
