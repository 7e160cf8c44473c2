"use strict";
// Filters and zooms what stands in the page already; without it the page shows everything.
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;

  const text = find("filter"), least = find("severity"), status = find("filter-status");
  const ranks = ["info", "low", "medium", "high", "critical"];
  const incidents = [...document.querySelectorAll("article.incident")];
  const rows = [...document.querySelectorAll("tr[data-row]")];
  const filter = () => {
    const wanted = text.value.trim().toLowerCase(), rank = ranks.indexOf(least.value);
    const holds = (node) => wanted === "" || node.textContent.toLowerCase().includes(wanted);
    let shown = 0;
    for (const node of incidents) {
      node.hidden = ranks.indexOf(node.dataset.severity) < rank || !holds(node);
      if (!node.hidden) shown += 1;
    }
    let lines = 0;
    for (const node of rows) {
      node.hidden = !holds(node);
      if (!node.hidden) lines += 1;
    }
    status.textContent = `${shown} of ${incidents.length} incidents, ${lines} of ${rows.length} lines`;
  };
  let timer = 0;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  least.addEventListener("change", filter);
  filter();

  const chart = find("chart");
  if (chart !== null && data.last_us > data.first_us) {
    const height = chart.viewBox.baseVal.height, whole = chart.viewBox.baseVal.width;
    let from = 0, width = whole;
    const show = () => {
      width = Math.min(whole, Math.max(whole / 400, width));
      from = Math.min(whole - width, Math.max(0, from));
      chart.setAttribute("viewBox", `${from} 0 ${width} ${height}`);
      const at = (x) => {
        const us = data.first_us + (data.last_us - data.first_us) * (x / whole);
        return new Date(us / 1000).toISOString().replace("T", " ").slice(0, 23) + " UTC";
      };
      find("axis-from").textContent = at(from);
      find("axis-to").textContent = at(from + width);
    };
    const zoom = (factor, middle = from + width / 2) => {
      const share = (middle - from) / width;
      width = Math.min(whole, Math.max(whole / 400, width * factor));
      from = middle - share * width;
      show();
    };
    const actions = {
      "zoom-in": () => zoom(0.5), "zoom-out": () => zoom(2),
      "pan-left": () => { from -= width / 4; show(); }, "pan-right": () => { from += width / 4; show(); },
      "zoom-all": () => { from = 0; width = whole; show(); },
    };
    for (const [id, act] of Object.entries(actions)) find(id).addEventListener("click", act);
    chart.addEventListener("keydown", (event) => {
      const id = { "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", ArrowLeft: "pan-left", ArrowRight: "pan-right", "0": "zoom-all" }[event.key];
      if (id !== undefined) { event.preventDefault(); actions[id](); }
    });
    chart.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = chart.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 0.8 : 1.25, from + width * ((event.clientX - box.left) / box.width));
    }, { passive: false });
  }
  addEventListener("beforeprint", () => { for (const node of document.querySelectorAll("details")) node.open = true; });
})();
