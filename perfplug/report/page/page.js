// Draws the graphs of the report from the figures in #data, through uPlot. Times there are milliseconds.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const drawn = new Map(); // host element -> {plot, build}: to draw again in other colours
  const finite = (values) => values.filter((value) => value != null && Number.isFinite(value));

  // --- words ---------------------------------------------------------------------------------------------------------

  const digits = (value) => {
    const size = Math.abs(value);
    return size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2);
  };
  const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const time = (ms) => {
    if (ms == null) return "–";
    if (ms === 0) return "0";
    const [value, unit] = ms >= 999.5 ? [ms / 1000, "s"] : ms >= 0.9995 ? [ms, "ms"] : [ms * 1000, "µs"];
    return `${digits(value)} ${unit}`;
  };
  const count = (value) => (value == null ? "–" : Math.round(value).toLocaleString("en-US"));
  const rate = (value) => (value == null ? "–" : `${value >= 100 ? count(value) : trimmed(digits(value))}/s`);
  const tick = (format) => (_, values) =>
    values.map((value) => (value == null ? "" : format(value).replace(/\.0+(?= )/, "").replace(/(\.\d*?)0+(?= )/, "$1")));
  const seconds = (value) => `${trimmed(value.toFixed(2))} s`;
  const nines = (x) => `${trimmed((100 - 100 / 10 ** x).toFixed(Math.max(0, Math.ceil(x - 1.999))))}%`;

  // --- pieces --------------------------------------------------------------------------------------------------------

  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const faint = (name, share) => `color-mix(in srgb, ${colour(name)} ${share}%, transparent)`;

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const axis = (more) => ({
    stroke: colour("soft"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { stroke: colour("line"), width: 1, size: 4 },
    font: "11px system-ui, sans-serif",
    ...more,
  });
  const line = (label, name, format, more = {}) => ({
    label,
    stroke: colour(name),
    width: 1.6,
    points: { show: false },
    spanGaps: false,
    value: (_, value) => format(value),
    ...more,
  });
  const fromZero = (_, low, high) => [0, high > 0 ? high * 1.08 : 1];
  const span = (_, low, high) => (low === high ? [low - 0.5, high + 0.5] : [low, high]);

  // A graph in its figure; `options` is asked for again whenever colours or switches change.
  function figure(charts, title, note, height, data, options, switches = []) {
    const host = element("div", { class: "plot" });
    const caption = element("figcaption", {}, title, element("span", {}, note));
    const on = new Set();
    for (const name of switches) {
      const button = element("button", { type: "button", "aria-pressed": "false" }, name);
      button.addEventListener("click", () => {
        if (!on.delete(name)) on.add(name);
        button.setAttribute("aria-pressed", String(on.has(name)));
        draw();
      });
      caption.append(button);
    }
    charts.append(element("figure", {}, caption, host));
    const draw = () => {
      const known = drawn.get(host);
      if (known) known.plot.destroy();
      const width = Math.max(host.clientWidth, 200);
      const made = { width, height, ...options(on) };
      drawn.set(host, { plot: new uPlot(made, typeof data === "function" ? data(on) : data, host), draw, height });
    };
    draw();
    resized.observe(host);
  }
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const known = drawn.get(target);
      const width = Math.floor(target.clientWidth);
      if (known && width > 0 && width !== known.plot.width) known.plot.setSize({ width, height: known.height });
    }
  });
  const redraw = () => drawn.forEach(({ draw }) => draw());

  // --- the graphs of a load ------------------------------------------------------------------------------------------

  // Limits stand where they are promised, with the interval in which the true value lies.
  const limitMarks = (limits) => (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const reach = 9 * devicePixelRatio;
    for (const { x, limit, low, high, verdict } of limits) {
      const at = plot.valToPos(x, "x", true);
      if (low != null && high != null) {
        ctx.strokeStyle = faint(verdict, 55);
        ctx.lineWidth = 5 * devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(at, plot.valToPos(low, "y", true));
        ctx.lineTo(at, plot.valToPos(high, "y", true));
        ctx.stroke();
      }
      const y = plot.valToPos(limit, "y", true);
      ctx.strokeStyle = colour(verdict);
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(at - reach, y);
      ctx.lineTo(at + reach, y);
      ctx.stroke();
    }
    ctx.restore();
  };

  const timeAxis = (log, peak) => ({
    scale: log ? { distr: 3, range: (_, low, high) => [low * 0.8, high * 1.2] } : {
      range: (_, low, high) => [0, Math.max(high, peak(high)) * 1.08 || 1],
    },
    axis: axis({ size: 58, values: tick((value) => time(value)) }),
  });

  function percentiles(charts, load) {
    const most = Math.max(...load.curves.map((curve) => curve.values.length));
    const xs = Array.from({ length: most }, (_, at) => at / load.step);
    const data = [xs, ...load.curves.map(({ values }) => xs.map((_, at) => (at < values.length ? values[at] : null)))];
    const looks = { latency: ["p95", {}], service: ["service", { dash: [5, 4] }], late: ["client", { dash: [2, 3], width: 1.2 }] };
    const delay = ["client", { width: 1.2 }];
    const near = (high) => Math.max(0, ...load.limits.map(({ limit }) => limit).filter((limit) => limit <= 2 * high));
    figure(charts, "Latency by percentile", "log scale of nines; marks are limits", 220, data, (on) => {
      const y = timeAxis(on.has("log"), near);
      return {
        scales: { x: { time: false, range: span }, y: y.scale },
        axes: [
          axis({ size: 32, values: (plot, values) => values.map((x) => (x || plot.width > 420 ? nines(x) : "")), splits: (plot, _, low, high) => marks(low, high), space: 40 }),
          y.axis,
        ],
        series: [
          { label: "percentile", value: (_, value) => (value == null ? "–" : nines(value)) },
          ...load.curves.map(({ name }) => {
            const [tone, more] = looks[name] || delay;
            return line(name, tone, time, name === "latency" ? { ...more, fill: faint(tone, 10) } : more);
          }),
        ],
        hooks: { draw: [limitMarks(load.limits)] },
      };
    }, ["log"]);
  }
  const marks = (low, high) =>
    [0, Math.log10(2), 1, 2, 3, 4, 5, 6].filter((value) => value >= low - 1e-9 && value <= high + 1e-9);

  const overTime = (load) => ({
    cursor: { sync: { key: load.id } },
    scales: { x: { time: false, range: span } },
    x: axis({ size: 32, values: tick((value) => seconds(value)), space: 60 }),
    label: { label: "time", value: (_, value) => (value == null ? "–" : seconds(value)) },
  });

  const moments = ({ start, step, good }) => good.map((_, at) => start + at * step);

  function latencies(charts, load) {
    const { p50, p95, p99 } = load.timeline;
    const t = moments(load.timeline);
    const points = { show: t.length < 40, size: 4 };
    figure(charts, "Latency over time", "by the moment of the answer", 220, [t, p50, p95, p99], (on) => {
      const base = overTime(load), y = timeAxis(on.has("log"), () => 0);
      return {
        cursor: base.cursor,
        scales: { ...base.scales, y: y.scale },
        axes: [base.x, y.axis],
        series: [base.label, ...["p50", "p95", "p99"].map((name) => line(name, name, time, { points }))],
      };
    }, ["log"]);
  }

  function throughput(charts, load) {
    const { good, bad } = load.timeline;
    const t = moments(load.timeline);
    figure(charts, "Throughput and errors over time", "answers a second", 220, [t, good, bad || t.map(() => 0)], () => {
      const base = overTime(load);
      return {
        cursor: base.cursor,
        scales: { ...base.scales, y: { range: fromZero } },
        axes: [base.x, axis({ size: 58, values: tick((value) => rate(value)) })],
        series: [
          base.label,
          line("good", "good", rate, { fill: faint("good", 14) }),
          line("errors", "bad", rate, { fill: faint("bad", 25) }),
        ],
      };
    });
  }

  // Parts one upon the other, the last drawn first, so that each shows what it adds; as shares, each load is a whole.
  function stacked(charts, title, note, height, labels, phases, { horizontal = false, switches = [] } = {}) {
    const xs = labels.map((_, at) => at);
    const order = phases.map((_, at) => at).reverse();
    const whole = xs.map((load) => phases.reduce((sum, { values }) => sum + values[load], 0) || 1);
    const parts = (on) => phases.map(({ values }) => values.map((value, load) => (on.has("shares") ? (100 * value) / whole[load] : value)));
    const sums = (on) => {
      const grown = [];
      parts(on).forEach((values, at) => grown.push(values.map((value, load) => value + (at ? grown[at - 1][load] : 0))));
      return [xs, ...order.map((at) => grown[at])];
    };
    figure(charts, title, note, height, sums, (on) => {
      const said = on.has("shares") ? (value) => (value == null ? "–" : `${trimmed(value.toFixed(1))}%`) : time;
      const shown = parts(on);
      return {
        scales: {
          x: { time: false, range: [-0.6, labels.length - 0.4], ori: horizontal ? 1 : 0, dir: horizontal ? -1 : 1 },
          y: { range: on.has("shares") ? [0, 100] : fromZero, ori: horizontal ? 0 : 1 },
        },
        axes: [
          axis({
            side: horizontal ? 3 : 2,
            size: horizontal ? 12 : 32,
            grid: { show: false },
            ticks: { show: false },
            splits: () => xs,
            values: (plot, values) => {
              const room = Math.floor(plot.width / labels.length / 6.5);
              return values.map((at) => (horizontal ? "" : shortened(labels[at] ?? "", room)));
            },
          }),
          axis({ side: horizontal ? 2 : 3, size: horizontal ? 32 : 58, space: horizontal ? 64 : 30, values: horizontal || !on.has("shares") ? tick(said) : (_, values) => values.map(said) }),
        ],
        series: [
          { label: horizontal ? "mean of" : "load", value: (_, at) => (at == null ? "–" : labels[at]) },
          ...order.map((at) => line(phases[at].name, phases[at].name, said, {
            fill: colour(phases[at].name),
            width: 0,
            paths: uPlot.paths.bars({ size: [0.62, horizontal ? 40 : 64] }),
            value: (_, __, ___, load) => said(shown[at][load ?? (labels.length === 1 ? 0 : -1)]),
          })),
        ],
      };
    }, switches);
  }
  const shortened = (text, room) => (room < 4 ? "" : text.length > room ? `${text.slice(0, room - 1)}…` : text);

  function table(load) {
    const head = ["", ...load.columns, "count"];
    const body = load.rows.map(([name, values, many]) =>
      element("tr", {}, element("td", { class: "t" }, name),
        ...values.map((value) => element("td", { class: "n" }, time(value))),
        element("td", { class: "n" }, count(many))));
    return element("div", { class: "wide" }, element("table", {},
      element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { class: name ? "n" : "" }, name)))),
      element("tbody", {}, ...body)));
  }

  function drawLoad(details) {
    const load = page.loads[details.id];
    if (!load || details.dataset.drawn) return;
    details.dataset.drawn = "yes";
    const charts = details.querySelector(".charts");
    if (load.curves.length) percentiles(charts, load);
    if (load.timeline) {
      latencies(charts, load);
      throughput(charts, load);
    }
    if (load.phases.length) {
      stacked(charts, "Where the time goes", "mean of a request, by phase", 130, ["a request"], load.phases, { horizontal: true });
    }
    if (load.rows.length) charts.after(table(load));
  }

  // --- all loads together --------------------------------------------------------------------------------------------

  function drawLevels(host) {
    for (const { name, unit, xs, rates, p50, p95, errors } of page.levels) {
      const x = { time: false, distr: 1, range: (_, low, high) => [low - (high - low) * 0.04, high + (high - low) * 0.04] };
      const at = axis({ size: 32, splits: () => xs, values: (_, values) => values.map((value) => trimmed(String(value))) });
      const label = { label: unit, value: (_, value) => (value == null ? "–" : String(value)) };
      const points = { show: true, size: 6 };
      figure(host, name, "throughput by load", 200, [xs, rates, errors], () => ({
        scales: { x, y: { range: fromZero } },
        axes: [at, axis({ size: 58, values: tick((value) => rate(value)) })],
        series: [label, line("good", "good", rate, { points }), line("errors", "bad", rate, { points })],
      }));
      figure(host, name, "latency by load", 200, [xs, p50, p95], () => ({
        scales: { x, y: { range: fromZero } },
        axes: [at, axis({ size: 58, values: tick((value) => time(value)) })],
        series: [label, line("p50", "p50", time, { points }), line("p95", "p95", time, { points })],
      }));
    }
  }

  // Where a value and its interval lie, with the limit in the middle.
  for (const cell of document.querySelectorAll('td[data-at]:not([data-at=""])')) {
    const [at, low, high] = cell.dataset.at.split(" ").map(Number);
    const shape = (name, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const scale = shape("svg", { class: "scale", viewBox: "0 0 120 14", "aria-hidden": "true" });
    scale.append(shape("path", { class: "base", d: "M0 7H120" }));
    if (high !== undefined) scale.append(shape("path", { class: "span", d: `M${low} 7H${high}` }));
    scale.append(shape("path", { class: "limit", d: "M60 1V13" }), shape("circle", { cx: at, cy: 7, r: 2.6 }));
    cell.append(scale);
  }

  // --- behaviour -----------------------------------------------------------------------------------------------------

  const loads = [...document.querySelectorAll("details.load")];
  for (const details of loads) {
    details.addEventListener("toggle", () => details.open && drawLoad(details));
    if (details.open) drawLoad(details);
  }
  const levels = document.getElementById("levels-charts");
  if (levels) drawLevels(levels);
  const overview = document.getElementById("phases-charts");
  if (overview) stacked(overview, "Mean request by phase", "loads in the order of the table", 220, page.overview.names, page.overview.phases, { switches: ["shares"] });

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  for (const button of document.querySelectorAll("[data-verdict]")) {
    button.addEventListener("click", () => {
      const wanted = button.getAttribute("aria-pressed") === "true" ? null : button.dataset.verdict;
      for (const other of document.querySelectorAll("[data-verdict]")) {
        other.setAttribute("aria-pressed", String(other.dataset.verdict === wanted));
      }
      for (const group of document.querySelectorAll("#limits tbody")) {
        group.hidden = wanted !== null && !group.querySelector(`.v.${wanted}`);
      }
    });
  }

  // What a cell is sorted by: its number in its unit, if it is one.
  const units = { "µs": 1e-6, ms: 1e-3, s: 1, "/s": 1, "/min": 1 / 60, "": 1 };
  const size = ({ textContent: text, className }) => {
    if (className !== "n") return text;
    const [, number, unit] = text.match(/^([\d.,]+)\s*(\S*)$/) || [null, "Infinity", ""];
    return Number(number.replaceAll(",", "")) * (units[unit] ?? 1);
  };
  for (const head of document.querySelectorAll("th[data-sort]")) {
    head.setAttribute("role", "button");
    head.tabIndex = 0;
    const sort = () => {
      const body = head.closest("table").tBodies[0];
      const at = head.cellIndex;
      const falling = head.getAttribute("aria-sort") === "ascending";
      const key = (row) => size(row.cells[at]);
      const rows = [...body.rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
      body.append(...(falling ? rows.reverse() : rows));
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", redraw);
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    redraw();
  });

  // On paper: light, and everything open, unless that would be a book.
  const few = 12;
  let before = null;
  addEventListener("beforeprint", () => {
    before = { theme: root.dataset.theme, closed: loads.length <= few ? loads.filter((details) => !details.open) : [] };
    root.dataset.theme = "light";
    root.classList.add("paper");
    for (const details of before.closed) {
      details.open = true;
      drawLoad(details);
    }
    redraw();
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    if (before.theme) root.dataset.theme = before.theme;
    else delete root.dataset.theme;
    root.classList.remove("paper");
    for (const details of before.closed) details.open = false;
    redraw();
  });
  root.dataset.ready = "yes";
})();
