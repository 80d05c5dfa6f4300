"use strict";

const at = (id) => document.getElementById(id);
const shown = new Map(); // jobs by id: what was last known of each, and its element
const uploads = new Map(); // uploads under way, by a name of their own
let key = sessionStorage.getItem("genconvit-key") || "";
let next = null;
const few = 3; // jobs that are asked for one by one

class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || `The service answers ${status}.`);
    this.status = status;
  }
}

const headers = () => (key ? { Authorization: `Bearer ${key}` } : {});

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  if (response.ok) return response.status === 204 ? null : response.json();
  throw new Refused(response.status, await response.json().catch(() => ({})));
}

function tell(error) {
  if (error.status === 401) {
    at("key-form").hidden = false;
    at("key").focus();
  }
  at("error").textContent = error.message;
}

function attempt(work) {
  at("error").textContent = "";
  return work().catch(tell);
}

function form() {
  const options = {};
  for (const name of ["architecture", "threshold"]) {
    if (at(name).selectedIndex > 0) options[name] = at(name).value;
  }
  const made = new FormData();
  if (Object.keys(options).length) made.append("options", JSON.stringify(options));
  return made;
}

// fetch tells no progress of what it sends.
function send(file) {
  const name = `upload-${crypto.randomUUID ? crypto.randomUUID() : Math.random()}`;
  const body = form();
  body.append("file", file);
  const request = new XMLHttpRequest();
  const job = { id: name, name: file.name, state: "sending", progress: 0, report: "none" };
  uploads.set(name, request);
  show(job, true);
  return new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) show({ ...job, progress: event.loaded / event.total });
    };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* of a proxy */ }
      request.status === 202 ? resolve(answer.id) : reject(new Refused(request.status, answer));
    };
    request.onerror = () => reject(new Error("it could not be sent; the connection was lost."));
    request.onabort = () => resolve(null);
    request.open("POST", "v1/jobs");
    for (const [header, value] of Object.entries(headers())) request.setRequestHeader(header, value);
    request.send(body);
  }).finally(() => {
    uploads.delete(name);
    forget(name);
  });
}

async function sendAll(files) {
  const faults = [];
  for (const file of files) {
    try {
      const id = await send(file);
      if (id) show(await ask(`v1/jobs/${id}`), true);
    } catch (error) {
      if (error.status === 401) throw error;
      faults.push(`${file.name}: ${error.message}`);
    }
  }
  if (faults.length) throw new Error(faults.join(" "));
}

function verdict(job) {
  if (job.label) return job.label;
  if (job.status === "ok") return "no verdict: untrained";
  return (job.status && job.status !== "unreadable" ? job.status : job.state).replace("_", " ");
}

const sentences = (...parts) => parts.filter(Boolean).map((part) => `${part[0].toUpperCase()}${part.slice(1)}.`).join(" ");

function detail(job) {
  if (job.error) return sentences(job.error.reason, job.error.hint);
  if (job.state === "sending") return "It is being sent.";
  if (job.state === "queued") return "It waits for its turn.";
  if (job.state === "running") return "Its frames are searched for faces, and the faces scored.";
  if (job.fake_probability !== null && job.fake_probability !== undefined) {
    return `Fake probability ${job.fake_probability.toFixed(3)}.` + (job.report === "pending" ? " Its report is being made." : "");
  }
  if (job.status === "no_face") return "No face was found, so there is no score.";
  return "";
}

const ended = (job) => ["done", "failed", "cancelled"].includes(job.state);
const changes = (job) => !ended(job) || job.report === "pending";

function element(job) {
  const made = at("job").content.firstElementChild.cloneNode(true);
  const on = (name, work) => made.querySelector(name).addEventListener("click", () => attempt(work));
  on(".open", () => openReport(job.id));
  on(".cancel", () => cancel(job.id));
  on(".delete", () => remove(job.id));
  on(".fake", () => judge(job.id, "FAKE"));
  on(".real", () => judge(job.id, "REAL"));
  return made;
}

function show(job, first = false) {
  const known = shown.get(job.id);
  const item = known ? known.item : element(job);
  if (!known) first ? at("jobs").prepend(item) : at("jobs").append(item);
  if (known && !ended(known.job) && ended(job)) at("said").textContent = `${job.name}: ${verdict(job)}`;
  shown.set(job.id, { job, item });
  const part = (name) => item.querySelector(name);
  part(".name").textContent = job.name;
  part(".state").textContent = verdict(job);
  part(".state").className = `state ${(job.label || "").toLowerCase()}`;
  part(".detail").textContent = detail(job);
  part("progress").hidden = ended(job);
  part("progress").value = job.progress;
  part("progress").setAttribute("aria-label", `Progress of ${job.name}`);
  part(".open").hidden = job.report !== "made";
  part(".cancel").hidden = ended(job);
  part(".delete").hidden = !ended(job);
  part(".opinion").hidden = job.state !== "done" || typeof job.fake_probability !== "number";
  for (const button of item.querySelectorAll("button")) {
    button.setAttribute("aria-label", `${button.textContent}: ${job.name}`);
  }
  at("empty").hidden = true;
}

function forget(id) {
  const known = shown.get(id);
  if (known) known.item.remove();
  shown.delete(id);
  at("empty").hidden = shown.size > 0;
}

async function cancel(id) {
  if (uploads.has(id)) return uploads.get(id).abort();
  await ask(`v1/jobs/${id}`, { method: "DELETE" });
  show(await ask(`v1/jobs/${id}`));
}

async function remove(id) {
  await ask(`v1/jobs/${id}`, { method: "DELETE" });
  if (at("report-part").dataset.job === id) closeReport();
  forget(id);
}

async function judge(id, label) {
  await ask(`v1/jobs/${id}/feedback`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ label }),
  });
  shown.get(id).item.querySelector(".opinion").textContent = `Kept: it is ${label.toLowerCase()}.`;
}

async function openReport(id) {
  const link = await ask(`v1/jobs/${id}/ticket`, { method: "POST" });
  const { name } = shown.get(id).job;
  at("report").src = link.url;
  at("report-tab").href = link.url;
  at("report-title").textContent = `Report: ${name}`;
  at("report-part").dataset.job = id;
  at("report-part").hidden = false;
  at("report-title").focus();
  at("report-part").scrollIntoView();
}

function closeReport() {
  at("report-part").hidden = true;
  at("report").removeAttribute("src");
  at("list").scrollIntoView();
}

async function list(before = "") {
  const page = await ask(`v1/jobs?limit=20${before ? `&before=${before}` : ""}`);
  page.jobs.forEach((job) => show(job));
  next = page.next;
  at("more").hidden = !next;
}

const waiting = () => [...shown.values()].map(({ job }) => job).filter((job) => job.state !== "sending" && changes(job));

async function update(id) {
  try {
    const now = await ask(`v1/jobs/${id}`);
    if (shown.has(id)) show(now);
  } catch (error) {
    if (error.status === 404) forget(id);
  }
}

// Many jobs are asked for as one list, and those that it has no room for one by one.
async function look() {
  const ids = new Set(waiting().map((job) => job.id));
  if (ids.size > few) {
    const page = await ask("v1/jobs?limit=200").catch(() => ({ jobs: [] }));
    for (const job of page.jobs) {
      if (ids.delete(job.id) && shown.has(job.id)) show(job);
    }
  }
  for (const id of [...ids].slice(0, few)) await update(id);
  setTimeout(look, 700);
}

function fill(select, values) {
  values.forEach((value, place) => {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = place ? value : `${value} (default)`;
    select.append(option);
  });
  select.parentElement.hidden = values.length < 2;
}

function megabytes(bytes) {
  return `${Math.round(bytes / 1048576)} MiB`;
}

async function begin() {
  const choices = await ask("v1/choices");
  fill(at("architecture"), choices.architectures);
  fill(at("threshold"), choices.thresholds);
  at("choices").hidden = choices.architectures.length < 2 && choices.thresholds.length < 2;
  at("path-part").hidden = !choices.paths;
  const kept = choices.keep_upload_hours ? `for ${choices.keep_upload_hours} h` : "until it is scored";
  at("terms").textContent = `At most ${megabytes(choices.most_upload_bytes)}. The file is kept ${kept}, the result and `
    + `its report for ${choices.keep_result_hours} h.`;
  at("key-form").hidden = !choices.needs_key || Boolean(key);
  if (!choices.needs_key || key) await list();
}

at("file").addEventListener("change", () => {
  const files = [...at("file").files];
  at("file").value = "";
  attempt(() => sendAll(files));
});
for (const type of ["dragenter", "dragover"]) {
  at("drop").addEventListener(type, (event) => {
    event.preventDefault();
    at("drop").classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) {
  at("drop").addEventListener(type, (event) => {
    event.preventDefault();
    at("drop").classList.remove("over");
    if (type === "drop") attempt(() => sendAll([...event.dataTransfer.files]));
  });
}
async function sendPath() {
  const body = form();
  body.append("path", at("path").value.trim());
  const { id } = await ask("v1/jobs", { method: "POST", body });
  at("path").value = "";
  show(await ask(`v1/jobs/${id}`), true);
}
at("send-path").addEventListener("click", () => attempt(sendPath));
at("job-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("path").value) attempt(sendPath);
});
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = at("key").value.trim();
  sessionStorage.setItem("genconvit-key", key);
  at("key").value = "";
  attempt(async () => {
    await list();
    at("key-form").hidden = true;
  });
});
at("more").addEventListener("click", () => attempt(() => list(next)));
at("report-close").addEventListener("click", closeReport);
attempt(begin).then(look);
