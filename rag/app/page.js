// Runs once for each view (Gradio gives it element, trigger, upload and watch). It passes clicks on to Python, opens and
// closes the side panel, and scrolls. It never counts characters and never builds HTML.
const root = document.documentElement;
const view = (element.closest('[id^="wenju-"]') || element).id;
const all = (selector) => Array.from(document.querySelectorAll(selector));

function showTab(name, sheet) {
  if (name) root.dataset.panel = name;
  root.dataset.sheet = sheet ? "open" : "";
  for (const tab of all("#wenju-tabs [role=tab]")) {
    const selected = tab.dataset.open === root.dataset.panel;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    if (!panel) continue;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-label", tab.textContent);
  }
}

// As in any tab list: one stop for the Tab key, arrows from tab to tab.
function stepTab(event) {
  const tabs = all("#wenju-tabs [role=tab]").filter((tab) => tab.checkVisibility());
  const place = tabs.indexOf(event.target);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (place < 0 || !step) return;
  const next = tabs[(place + step + tabs.length) % tabs.length];
  showTab(next.dataset.open, true);
  next.focus();
}

function confirmed(button) {
  if (!button.dataset.confirm || button.dataset.asked) return true;
  const label = button.textContent;
  button.dataset.asked = "yes";
  button.textContent = button.dataset.confirm;
  setTimeout(() => {
    delete button.dataset.asked;
    button.textContent = label;
  }, 4000);
  return false;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (button.dataset.open !== undefined) {
    showTab(button.dataset.open, button.dataset.open !== "");
    return;
  }
  if (button.dataset.whole) {
    button.closest(`.${button.dataset.whole}`).classList.toggle("whole");
    return;
  }
  if (button.dataset.action === "evaluate") {
    evaluate(button);
    return;
  }
  const name = button.dataset.event;
  if (!name || !confirmed(button)) return;
  if (button.dataset.action === "cite" || button.dataset.action === "open") showTab("evidence", true);
  if (button.dataset.action === "language") {
    document.cookie = `wenju_language=${button.dataset.value}; path=/; max-age=31536000; samesite=strict`;
  }
  trigger(name, { ...button.dataset });
});

function showMark() {
  const paper = element.querySelector(".paper");
  const source = element.querySelector(".source");
  if (!paper || source.dataset.place === element.dataset.place) return;
  element.dataset.place = source.dataset.place;
  const mark = paper.querySelector("mark");
  const above = mark ? mark.getBoundingClientRect().top - paper.getBoundingClientRect().top : -paper.scrollTop;
  paper.scrollTop += above - paper.clientHeight / 4;
}

async function evaluate(button) {
  button.disabled = true;
  const file = element.querySelector("input").files[0];
  const paths = [];
  try {
    if (file) paths.push((await upload(file)).path);
  } catch {
    // What did not arrive is told by its name alone.
  }
  trigger("submit", { paths, name: file ? file.name : "", limit: element.querySelector("select").value });
}

async function send(files) {
  const paths = [];
  const lost = [];
  for (const file of files) {
    try {
      paths.push((await upload(file)).path);
    } catch {
      lost.push(file.name);
    }
  }
  if (paths.length + lost.length) trigger("upload", { paths, lost });
}

let following = true;
let turns = 0;

function follow() {
  const thread = element.querySelector(".thread");
  const now = thread ? Number(thread.dataset.turns) : 0;
  const scroller = document.getElementById("wenju-thread");
  if (now !== turns) following = true;
  if (now > turns) showTab("evidence", false); // the answer's evidence, not what was open before; no sheet covers it
  turns = now;
  if (following) scroller.scrollTop = scroller.scrollHeight;
}

if (view === "wenju-thread") {
  const scroller = document.getElementById("wenju-thread");
  scroller.addEventListener("scroll", () => {
    following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  });
  watch("value", follow);
} else if (view === "wenju-evidence") {
  watch("value", () => {
    if (!element.querySelector(".paper")) delete element.dataset.place;
    showMark();
  });
} else if (view === "wenju-bar") {
  watch("value", () => {
    const bar = element.querySelector(".bar");
    if (bar) root.lang = bar.dataset.language;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const whole = document.querySelector(".whole");
    if (whole) whole.classList.remove("whole");
    else showTab("", false);
  });
} else if (view === "wenju-upload") {
  element.addEventListener("change", (event) => {
    send(Array.from(event.target.files || []));
    event.target.value = "";
  });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    send(Array.from(event.dataTransfer.files));
  });
} else if (view === "wenju-evaluation") {
  element.addEventListener("change", (event) => {
    const file = event.target.type === "file" && event.target.files[0];
    if (file) event.target.closest(".own").querySelector("span").textContent = file.name;
  });
} else if (view === "wenju-tabs") {
  if (!root.dataset.panel) root.dataset.panel = "evidence";
  element.addEventListener("keydown", stepTab);
  watch("value", () => showTab("", root.dataset.sheet === "open"));
}
