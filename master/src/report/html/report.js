(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const seriesColour = (index) => colour("c" + (index % 6));
  const FONT = '13px system-ui, "Segoe UI", Roboto, sans-serif';
  const redrawn = [];

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // Numbers as in the tables: no more digits than mean something.
  function number(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (value === 0) return "0";
    const digits = 3 - Math.floor(Math.log10(Math.abs(value)));
    return value.toFixed(Math.min(4, Math.max(0, digits)));
  }
  function figure(value, low, high, unit) {
    const gap = unit === "/s" ? "" : " ";
    const spread = low === null || low === undefined ? "" : ` (${number(low)}–${number(high)})`;
    return number(value) + gap + unit + spread;
  }
  const tick = (value) => String(Number(value.toFixed(6)));
  const people = (count) => count + (count === 1 ? " user" : " users");

  // The forms of the points, the same in the pictures for print: disc, square, triangle, diamond.
  const FORMS = [
    null,
    [[-4, -4], [4, -4], [4, 4], [-4, 4]],
    [[0, -6], [5, 4], [-5, 4]],
    [[0, -6], [6, 0], [0, 6], [-6, 0]],
  ];
  function trace(path, index, x, y, scale) {
    const form = FORMS[index % 4];
    if (!form) path.arc(x, y, 5 * scale, 0, 2 * Math.PI);
    else {
      form.forEach(([across, down], corner) => path[corner ? "lineTo" : "moveTo"](x + across * scale, y + down * scale));
      path.closePath();
    }
  }

  function sign(index, line) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 26 14");
    svg.setAttribute("aria-hidden", "true");
    const put = (name, attributes) => {
      const part = document.createElementNS(space, name);
      for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
      svg.append(part);
    };
    const ink = line ? `var(--${line.ink})` : `var(--c${index % 6})`;
    if (line) {
      if (line.band) put("rect", { x: 0, y: 1, width: 26, height: 12, style: `fill:${ink};opacity:.18` });
      put("path", { d: "M0 7H26", style: `stroke:${ink};stroke-width:2;stroke-dasharray:${line.dash || "none"}` });
    } else if (FORMS[index % 4]) {
      const corners = FORMS[index % 4].map(([across, down]) => `${13 + across},${7 + down}`).join(" ");
      put("polygon", { points: corners, style: `fill:${ink}` });
    } else put("circle", { cx: 13, cy: 7, r: 5, style: `fill:${ink}` });
    return svg;
  }

  const grid = () => ({ stroke: colour("grid"), width: 1 });
  function axis(label, size) {
    const ink = colour("ink");
    return {
      label, labelFont: FONT, font: FONT, stroke: ink, grid: grid(), ticks: grid(), size, labelSize: 22, labelGap: 2,
      values: (_, values) => values.map((value) => (value === null ? "" : tick(value))),
    };
  }
  const WHOLE = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);

  // ---- Charts against the number of users ----

  function usersChart(host, chart) {
    const state = { chart, shown: chart.series.map((series) => series.shown), plot: null };
    const live = host.querySelector(".live");
    live.append(keys(state, () => draw(state)));
    state.holder = element("div", { class: "plot", tabindex: "0", role: "slider", "aria-label": chart.title + ", measured levels" });
    state.readout = element("p", { class: "readout" }, "Point at the chart, or move through its levels with the arrow keys, to read values.");
    live.append(state.holder, state.readout);
    live.hidden = false;
    state.holder.addEventListener("keydown", (event) => step(state, event));
    draw(state);
    host.classList.add("drawn");
    redrawn.push(() => draw(state));
  }

  function keys(state, changed) {
    const { chart } = state;
    const many = chart.series.length > 1;
    const box = element(many ? "fieldset" : "div", { class: "keys" });
    if (many) box.setAttribute("aria-label", "Shown in " + chart.title);
    chart.series.forEach((series, index) => {
      if (!many) {
        box.append(element("span", {}, sign(index), "measured, 95 % interval"));
        return;
      }
      const tickbox = element("input", { type: "checkbox" });
      tickbox.checked = state.shown[index];
      tickbox.addEventListener("change", () => {
        state.shown[index] = tickbox.checked;
        changed();
      });
      box.append(element("label", {}, tickbox, sign(index), series.name));
    });
    const entry = (picture, text) => box.append(element("span", {}, picture, text));
    const modelled = chart.series.findIndex((series) => series.curve.length);
    if (modelled >= 0) entry(sign(0, { ink: "c" + (modelled % 6), band: true }), "model, 95 % band");
    if (chart.saturation) {
      const [value, low, high] = chart.saturation.map(Math.round);
      entry(sign(0, { ink: "mark", dash: "6 4" }), `N* = ${value} users (${low}–${high})`);
    }
    if (chart.limit) entry(sign(0, { ink: "limit", dash: "10 4" }), chart.limit[0]);
    return box;
  }

  const shownSeries = (state) => state.chart.series.map((series, index) => ({ series, index })).filter(({ index }) => state.shown[index]);

  function extent(state) {
    let [users, value] = [1, 0];
    for (const { series } of shownSeries(state)) {
      for (const [x, y, , high] of series.points) [users, value] = [Math.max(users, x), Math.max(value, high ?? y)];
      for (const [x, y] of series.curve) [users, value] = [Math.max(users, x), Math.max(value, y)];
    }
    if (state.chart.limit) value = Math.max(value, state.chart.limit[1]);
    return [users * 1.04, (value || 1) * 1.14];
  }

  function draw(state) {
    if (state.plot) state.plot.destroy();
    const { chart } = state;
    const [right, top] = extent(state);
    const shown = shownSeries(state);
    const modelled = shown.filter(({ series }) => series.curve.length);
    const x = modelled.length ? modelled[0].series.curve.map((row) => row[0]) : [0, right];
    const columns = [x];
    const series = [{}];
    const bands = [];
    const cut = (value) => Math.min(Math.max(value, 0), top * 1.5);
    for (const one of modelled) {
      const ink = seriesColour(one.index);
      const first = columns.length;
      for (const part of [1, 2, 3]) columns.push(one.series.curve.map((row) => cut(row[part])));
      series.push({ stroke: ink, width: 2, pxAlign: 0, points: { show: false } });
      series.push({ stroke: "transparent", width: 0, pxAlign: 0, points: { show: false } });
      series.push({ stroke: "transparent", width: 0, pxAlign: 0, points: { show: false } });
      bands.push({ series: [first + 2, first + 1], fill: ink + "2b" });
    }
    if (!modelled.length) {
      columns.push(x.map(() => null));
      series.push({ points: { show: false } });
    }
    const options = {
      width: Math.max(260, state.holder.clientWidth), height: 330, padding: [10, 12, 0, 0], legend: { show: false }, series, bands,
      scales: { x: { time: false, range: [0, right] }, y: { range: [0, top] } },
      axes: [{ ...axis("users", 34), incrs: WHOLE }, axis(chart.vertical, 56)],
      cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
      hooks: { drawAxes: [(plot) => marks(plot, chart)], draw: [(plot) => points(plot, shown)], setCursor: [(plot) => pointed(state, plot)] },
    };
    state.plot = new uPlot(options, columns, state.holder);
    state.holder.setAttribute("aria-valuemin", 0);
    state.holder.setAttribute("aria-valuemax", Math.floor(right));
    if (!state.holder.hasAttribute("aria-valuenow")) state.holder.setAttribute("aria-valuenow", 0);
  }

  function marks(plot, chart) {
    const { ctx, bbox } = plot;
    const scale = uPlot.pxRatio;
    const at = (value, axisName) => plot.valToPos(value, axisName, true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = FONT.replace("13px", 13 * scale + "px");
    ctx.lineWidth = 2 * scale;
    if (chart.saturation) {
      const [value, low, high] = chart.saturation;
      const place = at(value, "x");
      ctx.fillStyle = colour("mark") + "1c";
      ctx.fillRect(at(low, "x"), bbox.top, at(high, "x") - at(low, "x"), bbox.height);
      stroke(ctx, colour("mark"), [6 * scale, 4 * scale], [place, bbox.top], [place, bbox.top + bbox.height]);
      const left = place > bbox.left + bbox.width / 2;
      ctx.fillStyle = colour("mark");
      ctx.textAlign = left ? "right" : "left";
      ctx.fillText("N* = " + Math.round(value), place + (left ? -6 : 6) * scale, bbox.top + 14 * scale);
    }
    if (chart.limit) {
      const place = at(chart.limit[1], "y");
      stroke(ctx, colour("limit"), [10 * scale, 4 * scale], [bbox.left, place], [bbox.left + bbox.width, place]);
      ctx.fillStyle = colour("limit");
      ctx.textAlign = "left";
      ctx.fillText(chart.limit[0], bbox.left + 6 * scale, place - 6 * scale);
    }
    ctx.restore();
  }

  function stroke(ctx, ink, dash, from, to) {
    ctx.strokeStyle = ink;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function points(plot, shown) {
    const { ctx } = plot;
    const scale = uPlot.pxRatio;
    ctx.save();
    ctx.lineWidth = 1.6 * scale;
    for (const { series, index } of shown) {
      const ink = seriesColour(index);
      for (const [users, value, low, high, valid] of series.points) {
        const [x, y] = [plot.valToPos(users, "x", true), plot.valToPos(value, "y", true)];
        if (low !== null) {
          const [bottom, top] = [plot.valToPos(Math.max(low, 0), "y", true), plot.valToPos(high, "y", true)];
          stroke(ctx, ink, [], [x, bottom], [x, top]);
          for (const end of [bottom, top]) stroke(ctx, ink, [], [x - 4 * scale, end], [x + 4 * scale, end]);
        }
        ctx.beginPath();
        trace(ctx, index, x, y, scale);
        ctx.fillStyle = valid ? ink : colour("paper");
        ctx.strokeStyle = ink;
        ctx.fill();
        ctx.stroke();
      }
    }
    ctx.restore();
  }

  const levelsOf = (state) =>
    [...new Set(shownSeries(state).flatMap(({ series }) => series.points.map((point) => point[0])))].sort((a, b) => a - b);

  // What is known at a place: the measured level nearest to it if it is near or the model does not reach there, else the model.
  function pointed(state, plot) {
    const { left } = plot.cursor;
    if (left === null || left === undefined || left < 0) return;
    const at = plot.posToVal(left, "x");
    const near = levelsOf(state)
      .map((users) => ({ users, far: Math.abs(plot.valToPos(users, "x") - left) }))
      .sort((a, b) => a.far - b.far)[0];
    const modelled = shownSeries(state).some(({ series: { curve } }) => curve.length && at >= curve[0][0] && at <= curve[curve.length - 1][0]);
    tell(state, near && (near.far < 14 || !modelled) ? near.users : Math.round(at));
  }

  function tell(state, users) {
    const { unit } = state.chart;
    const many = state.chart.series.length > 1;
    const parts = shownSeries(state).flatMap(({ series }) => {
      const measured = series.points
        .filter((point) => point[0] === users)
        .map(([, value, low, high, valid]) => figure(value, low, high, unit) + (valid ? "" : ", does not count"));
      const row = series.curve.find((candidate) => candidate[0] >= users);
      const model = row && users > 0 ? ["model " + figure(row[1], row[2], row[3], unit)] : [];
      const all = [...measured.map((text) => "measured " + text), ...model];
      return all.length ? [(many ? series.name + ": " : "") + all.join(", ")] : [];
    });
    const text = people(users) + ": " + (parts.join("; ") || "nothing measured");
    state.readout.textContent = text;
    state.holder.setAttribute("aria-valuenow", users);
    state.holder.setAttribute("aria-valuetext", text);
  }

  function step(state, event) {
    const levels = levelsOf(state);
    const now = Number(state.holder.getAttribute("aria-valuenow"));
    const next = {
      ArrowRight: () => levels.find((users) => users > now), ArrowUp: () => levels.find((users) => users > now),
      ArrowLeft: () => levels.findLast((users) => users < now), ArrowDown: () => levels.findLast((users) => users < now),
      Home: () => levels[0], End: () => levels[levels.length - 1],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    const users = next();
    if (users === undefined) return;
    state.plot.setCursor({ left: state.plot.valToPos(users, "x"), top: 10 });
    tell(state, users);
  }

  // ---- The course of one level ----

  function timelines(details) {
    const level = data.levels[Number(details.dataset.level)];
    const box = details.querySelector(".timelines");
    if (!level || !(level.at.length || level.histogram.length)) return;
    box.hidden = false;
    const readout = element("p", { class: "readout" }, "Shaded: not in the figures (warm-up, or after the steady part).");
    const parts = [
      { title: "Throughput", unit: "/s", values: level.throughput, ink: 0 },
      { title: "Mean response time", unit: "ms", values: level.response, ink: 1 },
    ].filter(() => level.at.length);
    const paint = () => {
      const boxes = [];
      box.replaceChildren();
      for (const part of parts) {
        const picture = element("div", { role: "img", "aria-label": part.title + " over the level's time; its figures are in the tables below" });
        const title = part.title + ", " + (part.unit === "/s" ? "per second" : part.unit);
        box.append(element("figure", {}, element("figcaption", {}, title), picture));
        boxes.push(picture);
      }
      const bars = level.histogram.length && element("div", { role: "img", "aria-label": "Histogram of response times; the percentiles are in the tables below" });
      if (bars) box.append(element("figure", {}, element("figcaption", {}, "Response times of the served, transactions in each step"), bars));
      box.append(readout);
      // Only now are the boxes as wide as they stay.
      const told = (index) => {
        const values = parts.map((one) => `${one.title.toLowerCase()} ${figure(one.values[index], null, null, one.unit)}`);
        readout.textContent = `${number(level.at[index])} s: ${values.join(", ")}`;
      };
      parts.forEach((part, index) => timeline(boxes[index], level, part, told));
      if (bars) histogram(bars, level, (text) => (readout.textContent = text));
    };
    paint();
    redrawn.push(() => details.open && paint());
  }

  function timeline(box, level, { unit, values, ink }, told) {
    const last = level.at[level.at.length - 1] + 1;
    const top = Math.max(...values.filter((value) => value !== null), 0) * 1.1 || 1;
    const options = {
      width: Math.max(240, box.clientWidth), height: 200, padding: [8, 10, 0, 0], legend: { show: false },
      scales: { x: { time: false, range: [0, last] }, y: { range: [0, top] } },
      axes: [axis("seconds since the level's begin", 34), axis(unit === "/s" ? "per second" : unit, 54)],
      series: [{}, { stroke: seriesColour(ink), width: 2, points: { show: level.at.length < 80, size: 5 } }],
      cursor: { drag: { x: false, y: false }, y: false },
      hooks: {
        drawAxes: [(plot) => warmup(plot, level.measured)],
        setCursor: [(plot) => Number.isInteger(plot.cursor.idx) && plot.cursor.left >= 0 && told(plot.cursor.idx)],
      },
    };
    new uPlot(options, [level.at, values], box);
  }

  // Steps grow by the same factor, so the axis is logarithmic and every bar is as wide as the others.
  function histogram(box, { steps: [first, factor], histogram: counts, marks: values }, told) {
    const steps = counts.map((count, index) => [first * factor ** index, first * factor ** (index + 1), count]);
    const all = steps.reduce((sum, step) => sum + step[2], 0);
    const most = Math.max(...steps.map((step) => step[2]));
    const [left, right] = [steps[0][0], steps[steps.length - 1][1]];
    const middles = steps.map(([from, to]) => Math.sqrt(from * to));
    const place = (plot, ms) => plot.bbox.left + (Math.log(ms / left) / Math.log(right / left)) * plot.bbox.width;
    // The marks of the axis: whole powers of ten and, while there is room, their double and fivefold.
    const round = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) => [1, 2, 5].map((digit) => Number((digit * 10 ** power).toPrecision(1))));
    const seen = round.filter((ms) => ms >= left && ms <= right);
    const splits = seen.length > 9 ? seen.filter((ms) => /^[0.]*1/.test(String(ms))) : seen;
    const options = {
      width: Math.max(240, box.clientWidth), height: 200, padding: [16, 10, 0, 0], legend: { show: false },
      scales: { x: { time: false, range: [Math.log(left), Math.log(right)] }, y: { range: [0, most * 1.08] } },
      axes: [
        { ...axis("response time, ms", 34), splits: () => splits.map(Math.log), values: () => splits.map(tick) },
        { ...axis("transactions", 54), incrs: WHOLE },
      ],
      series: [{}, { stroke: "transparent", points: { show: false } }],
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      hooks: {
        draw: [
          (plot) => {
            const { ctx, bbox } = plot;
            const scale = uPlot.pxRatio;
            ctx.save();
            ctx.fillStyle = seriesColour(1) + "b0";
            for (const [from, to, count] of steps) {
              const [begin, top] = [place(plot, from), plot.valToPos(count, "y", true)];
              ctx.fillRect(begin + scale / 2, top, Math.max(place(plot, to) - begin - scale, 1), bbox.top + bbox.height - top);
            }
            ctx.font = FONT.replace("13px", 12 * scale + "px");
            ctx.fillStyle = colour("ink");
            ctx.textAlign = "center";
            let free = 0;
            for (const [name, ms] of values) {
              const at = Math.min(Math.max(place(plot, ms), bbox.left), bbox.left + bbox.width);
              stroke(ctx, colour("mark"), [4 * scale, 3 * scale], [at, bbox.top], [at, bbox.top + bbox.height]);
              const half = ctx.measureText(name).width / 2;
              if (at - half < free) continue;
              ctx.fillText(name, Math.min(at, bbox.left + bbox.width - half), bbox.top - 4 * scale);
              free = at + half + 4 * scale;
            }
            ctx.restore();
          },
        ],
        setCursor: [
          (plot) => {
            const { left: across } = plot.cursor;
            if (!(across >= 0)) return;
            const ms = Math.exp(plot.posToVal(across, "x"));
            const step = steps.find(([, to]) => ms <= to) || steps[steps.length - 1];
            const share = (step[2] / all) * 100;
            const percent = step[2] === 0 ? "0 %" : share < 0.1 ? "<0.1 %" : number(share) + " %";
            told(`${number(step[0])} to ${number(step[1])} ms: ${step[2]} of ${all} transactions (${percent})`);
          },
        ],
      },
    };
    new uPlot(options, [middles.map(Math.log), steps.map((step) => step[2])], box);
  }

  function warmup(plot, measured) {
    const { ctx, bbox } = plot;
    const scale = uPlot.pxRatio;
    const right = bbox.left + bbox.width;
    const place = (at) => Math.min(Math.max(plot.valToPos(at, "x", true), bbox.left), right);
    ctx.save();
    ctx.fillStyle = colour("shade");
    const [from, to] = measured ? measured.map(place) : [right, right];
    ctx.fillRect(bbox.left, bbox.top, from - bbox.left, bbox.height);
    ctx.fillRect(to, bbox.top, right - to, bbox.height);
    ctx.font = FONT.replace("13px", 12 * scale + "px");
    ctx.fillStyle = colour("soft");
    ctx.textAlign = "left";
    const label = measured ? "warm-up" : "not measured";
    if (from - bbox.left > ctx.measureText(label).width + 8 * scale) ctx.fillText(label, bbox.left + 5 * scale, bbox.top + 14 * scale);
    ctx.restore();
  }

  // ---- The page ----

  for (const host of document.querySelectorAll("[data-chart]")) {
    const chart = data.charts.find((candidate) => candidate.id === host.dataset.chart);
    if (chart) usersChart(host, chart);
  }
  for (const details of document.querySelectorAll("details.level")) {
    let drawn = false;
    details.addEventListener("toggle", () => {
      if (details.open && !drawn) {
        drawn = true;
        timelines(details);
      }
    });
  }
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", follow);
  follow();
  const again = () => redrawn.forEach((redraw) => redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 120);
  });
})();
