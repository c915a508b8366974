// The page of messagemedia-mock. It sets all values as text: the content security
// policy blocks innerHTML.

const maxShown = 500;
const $ = (id) => document.getElementById(id);

// make creates an element. Children are nodes or strings.
function make(name, properties = {}, ...children) {
	const element = Object.assign(document.createElement(name), properties);
	element.append(...children.filter((child) => child !== null && child !== ""));
	return element;
}

// call sends a request to the server. If the request fails, call throws an error.
async function call(method, path, body, headers = {}) {
	const response = await fetch(path, { method, headers, body });
	const text = await response.text();
	const value = text && response.headers.get("Content-Type") === "application/json" ? JSON.parse(text) : null;
	if (!response.ok) {
		throw new Error(value?.message ?? `${response.status} ${text}`);
	}
	return value;
}

function say(element, text, bad = false) {
	element.textContent = text;
	element.classList.toggle("bad", bad);
}

// attempt runs an action. If the action fails, an element shows the error.
async function attempt(element, action) {
	try {
		await action();
	} catch (error) {
		say(element, error.message, true);
	}
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

function duration(ms) {
	if (ms < 1) {
		return `${Math.round(ms * 1000)} µs`;
	}
	if (ms < 1000) {
		return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
	}
	return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

function bytes(n) {
	if (n < 1024) {
		return plural(n, "byte");
	}
	return n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;
}

// copy copies a text to the clipboard. Browsers have no navigator.clipboard over plain
// HTTP, except for localhost.
async function copy(text, button) {
	const label = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	} catch {
		const area = make("textarea", { value: text, className: "hidden" });
		document.body.append(area);
		area.select();
		button.textContent = document.execCommand("copy") ? "Copied" : "Not permitted by the browser";
		area.remove();
		button.focus();
	}
	setTimeout(() => { button.textContent = label; }, 1500);
}

// Panels

function showPanel() {
	const name = ["simulate", "template"].find((panel) => location.hash === "#" + panel) ?? "traffic";
	for (const section of document.querySelectorAll("main > section")) {
		section.hidden = section.id !== name;
	}
	for (const link of document.querySelectorAll(".top nav a")) {
		link.toggleAttribute("aria-current", link.hash === "#" + name);
		if (link.hash === "#" + name) {
			link.setAttribute("aria-current", "page");
		}
	}
	scrollTo(0, 0);
	if (name === "template") {
		openTemplate();
	}
}

// Exchanges: a log of expandable lines

// Line shows an exchange in a list.
class Line {
	constructor(summary) {
		this.head = make("summary");
		this.inside = make("div", { className: "inside" });
		this.details = make("details", {}, this.head, this.inside);
		this.element = make("li", { className: summary.kind }, this.details);
		this.details.addEventListener("toggle", () => this.load());
		this.update(summary);
	}

	update(summary) {
		this.summary = summary;
		this.head.replaceChildren(
			make("span", { className: "time" }, clock.format(new Date(summary.time))),
			make("span", { className: "what" }, summary.event ?? "API call"),
			make("span", { className: "where" },
				make("span", { title: summary.url }, `${summary.method} ${summary.url}`),
				this.message()),
			this.status(),
			make("span", { className: "took" }, summary.status || summary.error ? duration(summary.duration_ms) : ""));
		this.load();
	}

	// message returns the second row: the sender, the text, the account and the original.
	message() {
		const { from, text, account, duplicate_of: original } = this.summary;
		const parts = [
			from || text ? `${from ?? ""}${from && text ? ": " : ""}${text ?? ""}` : "",
			account ? `account ${account}` : "",
			original ? `duplicate of ${original}` : "",
		].filter(Boolean);
		return parts.length ? make("span", { className: "message" }, parts.join(" · ")) : null;
	}

	status() {
		const { kind, status, error, ok, done, attempts, max_attempts: most } = this.summary;
		const shown = status ? String(status) : error ? "failed" : done ? "no response" : "…";
		const tries = kind === "delivery" && (attempts > 1 || !done && most > 1);
		const color = ok ? "good" : done ? "bad" : "waiting";
		return make("span", { className: "status " + color },
			tries ? make("span", { className: "tries", title: "attempts" }, `${attempts ?? 0}/${most}`) : "", shown);
	}

	// load loads the details of an expanded line.
	async load() {
		if (!this.details.open) {
			return;
		}
		const summary = this.summary;
		let content;
		try {
			content = describe(await call("GET", `/mock/traffic/${summary.id}`));
		} catch (error) {
			content = [make("p", { className: "note bad", role: "alert" }, error.message)];
		}
		if (summary === this.summary) { // otherwise newer details are loading
			this.inside.replaceChildren(...content);
		}
	}

	matches(words, kind) {
		const s = this.summary;
		if (kind && kind !== (kind === "failed" && s.done && !s.ok ? "failed" : s.kind)) {
			return false;
		}
		const text = [s.id, s.method, s.url, s.event, s.event_id, s.status, s.error, s.account, s.from, s.text].join(" ").toLowerCase();
		return words.every((word) => text.includes(word));
	}
}

// describe returns the details of an exchange.
function describe(exchange) {
	if (exchange.kind === "call") {
		const only = exchange.attempt_list[0];
		return [...proofs([{ scheme: "Credentials", ok: exchange.authentication.endsWith("accepted"), text: exchange.authentication }]), ...sides(only), actions(only)];
	}
	const content = exchange.attempt_list.map((one, i) => make("section", { className: "attempt" },
		make("h3", {}, `Attempt ${i + 1} of ${exchange.max_attempts}: ${outcome(one)}`),
		...proofs(one.proofs), ...sides(one), actions(one)));
	if (exchange.error && !exchange.attempt_list.at(-1)?.error) {
		content.push(make("p", { className: "note bad" }, `No further attempt: ${exchange.error}`));
	}
	if (exchange.attachments) {
		content.push(make("h3", {}, "Attachments"), make("ul", {}, ...exchange.attachments.map((file, i) => make("li", {},
			make("a", { href: `/mock/traffic/${exchange.id}/attachments/${i}`, download: file.name }, file.name),
			` (${bytes(file.bytes)}, ${file.content_type ? `declared as ${file.content_type}` : "no content type"})`))));
	}
	content.push(make("h3", {}, "Webhook"), code(JSON.stringify(exchange.webhook)));
	if (exchange.done && exchange.attempt_list.length) {
		const note = make("p", { className: "note", role: "status" });
		const again = make("button", { type: "button" }, "Send again");
		again.addEventListener("click", () => attempt(note, async () => {
			say(note, "Sending");
			const sent = await call("POST", `/mock/traffic/${exchange.id}/resend`);
			say(note, sent.acknowledged ? "Sent again and acknowledged" : "Sent again but not acknowledged");
		}));
		content.unshift(make("div", { className: "actions" }, again, note));
	}
	return content;
}

function outcome(one) {
	const response = one.error || `${one.status} ${one.status_text ?? ""}`.trim();
	const wait = one.wait_ms ? `; the platform waits ${duration(one.wait_ms)} for the next` : "";
	return `${response} after ${duration(one.duration_ms)}${wait}`;
}

function proofs(list = []) {
	return [make("h4", {}, "Authentication"), make("ul", { className: "proofs" }, ...list.map((proof) =>
		make("li", { className: proof.ok ? "good" : "" }, make("span", {}, make("b", {}, proof.scheme), " " + proof.text))))];
}

function sides(one) {
	const response = one.status ? body(one.response_body) : make("p", { className: "none" }, one.error || "None");
	return [make("div", { className: "sides" },
		make("div", {}, make("h4", {}, "Request"), make("p", { className: "line" }, `${one.method} ${one.url}`), body(one.request_body), ...headers(one.header)),
		make("div", {}, make("h4", {}, one.status ? `Response ${one.status} ${one.status_text ?? ""}` : "Response"), response))];
}

function headers(list) {
	const lines = list.flatMap(([name, value], i) => [i ? "\n" : "", make("b", {}, name + ": "), value]);
	return [make("h4", {}, "Headers"), make("pre", { className: "headers", tabIndex: 0 }, ...lines)];
}

function body(content) {
	if (!content.bytes) {
		return make("p", { className: "none" }, "No body");
	}
	const shown = code(content.text);
	const cut = content.cut ? make("p", { className: "none" }, `The first 64 KiB of ${bytes(content.bytes)}`) : null;
	return make("div", {}, make("h4", {}, `Body, ${bytes(content.bytes)}`), shown, cut ?? "");
}

const code = (text) => make("pre", { tabIndex: 0 }, indent(text));

// indent indents JSON. It preserves the spelling of numbers and duplicate names.
function indent(text) {
	try {
		JSON.parse(text);
	} catch {
		return text;
	}
	let depth = 0;
	const line = () => "\n" + "  ".repeat(depth);
	return text.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, (token) => {
		switch (token[0]) {
		case "{": case "[":
			return token.length > 1 ? token[0] + token.at(-1) : (depth++, token + line());
		case "}": case "]":
			return (depth--, line() + token);
		case ",":
			return token + line();
		case ":":
			return ": ";
		case '"':
			return token;
		}
		return ""; // white space
	});
}

function actions(one) {
	const button = make("button", { type: "button", disabled: !one.curl }, one.curl ? "Copy as curl" : "Too large for a curl command");
	button.addEventListener("click", () => copy(one.curl, button));
	return make("div", { className: "actions" }, button);
}

// Traffic

const lines = new Map(); // by ID, the oldest first
let kept = 0;
let simulatedID = ""; // of the last simulated event
const simulatedLines = new Map();

function follow() {
	const stream = new EventSource("/mock/traffic/stream");
	const status = (text, live) => {
		$("connection").textContent = text;
		$("connection").classList.toggle("live", live);
	};
	stream.onopen = () => status("Live", true);
	stream.onmessage = (message) => receive(JSON.parse(message.data));
	stream.onerror = () => status(stream.readyState === EventSource.CLOSED ? "Disconnected: open the printed URL again" : "Connecting", false);
}

function receive(update) {
	if (update.reset) {
		lines.clear();
		$("exchanges").replaceChildren();
	}
	kept = update.kept;
	let added = 0;
	for (const summary of update.exchanges) {
		show(summary, lines, $("exchanges"), !update.reset);
		added += update.reset ? 0 : 1;
		if (summary.kind === "delivery" && summary.event_id && summary.event_id === simulatedID) {
			show(summary, simulatedLines, $("simulated"), true);
		}
	}
	for (const [id, line] of lines) {
		if (lines.size <= maxShown) {
			break;
		}
		line.element.remove();
		lines.delete(id);
	}
	applyFilter();
	if (added) {
		announce(update.exchanges.at(-1));
	}
}

function show(summary, known, list, isNew) {
	const line = known.get(summary.id);
	if (line) {
		line.update(summary);
		return;
	}
	const created = new Line(summary);
	created.element.classList.toggle("new", isNew);
	known.set(summary.id, created);
	list.prepend(created.element);
}

// announce makes screen readers read the newest exchange, at most once a second.
function announce(summary) {
	clearTimeout(announce.timer);
	announce.timer = setTimeout(() => {
		const what = summary.kind === "call" ? `API call ${summary.method}` : `Delivery of ${summary.event}`;
		$("announcement").textContent = `${what}: ${summary.status ?? (summary.done ? "no response" : "in progress")}`;
	}, 1000);
}

function applyFilter() {
	const words = $("query").value.toLowerCase().split(/\s+/).filter(Boolean);
	const kind = $("kind").value;
	let matching = 0;
	for (const line of lines.values()) {
		line.element.hidden = !line.matches(words, kind);
		matching += line.element.hidden ? 0 : 1;
	}
	const shown = words.length || kind ? `${matching} of ${plural(lines.size, "exchange")} match. ` : `${plural(lines.size, "exchange")}. `;
	const more = kept > lines.size ? `The server has ${kept} exchanges. ` : "";
	$("count").textContent = `${shown}${more}The page shows the last ${maxShown}; the server keeps the last 1,000.`;
	$("empty").hidden = lines.size > 0;
	$("count").hidden = lines.size === 0;
}

function startTraffic() {
	$("filter").addEventListener("submit", (event) => event.preventDefault());
	$("query").addEventListener("input", applyFilter);
	$("kind").addEventListener("change", applyFilter);
	$("clear").addEventListener("click", () => attempt($("count"), () => call("DELETE", "/mock/traffic")));
	$("copy-start").addEventListener("click", () => copy($("start").textContent, $("copy-start")));
	applyFilter();
	follow();
}

// Simulate

const form = $("event");
const samples = new Map(); // the fields of an event, by its type
let hostileTexts = [];

// eventType returns the event type of the form.
function eventType() {
	return form.type.value === "DR" ? form.status.value : form.type.value;
}

function startSimulate(received) {
	for (const { event_type: type, event } of received.samples) {
		samples.set(type, event);
		if (type.endsWith("_DR")) {
			form.status.append(make("option", { value: type }, event.status));
		}
	}
	form.status.value = "DELIVERED_DR";
	hostileTexts = received.hostile_texts;
	fillHostile($("hostile-event"), "Keep the text");
	for (const radio of form.type) {
		radio.addEventListener("change", fillForm);
	}
	form.status.addEventListener("change", () => { form.error_code.value = samples.get(form.status.value).error_code; });
	$("hostile-event").addEventListener("change", (event) => { form.content.value = hostileText(event.target) ?? samples.get(eventType()).content; });
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		attempt($("sent"), simulate);
	});
	fillForm();
}

function fillHostile(select, first) {
	select.replaceChildren(make("option", { value: "" }, first), ...hostileTexts.map((text, i) => make("option", { value: i }, text.name)));
}

const hostileText = (select) => hostileTexts[select.value === "" ? -1 : select.value]?.text;

// fillForm shows the fields of the event with the values of the sample.
function fillForm() {
	for (const element of form.querySelectorAll("[data-for]")) {
		element.hidden = !element.dataset.for.split(" ").includes(form.type.value);
	}
	$("from-label").textContent = form.type.value === "DR" ? "Recipient" : "From";
	$("hostile-event").value = "";
	const sample = samples.get(eventType());
	for (const name of ["source_number", "destination_number", "content", "original_text", "message_id", "error_code"]) {
		form[name].value = sample[name] ?? "";
	}
	form.metadata.value = Object.entries(sample.metadata ?? {}).map(([name, value]) => `${name}=${value}`).join("\n");
}

function randomID() {
	const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// buildEvent returns the event of the form with a new ID and the current time.
async function buildEvent() {
	const event = { ...samples.get(eventType()), date_received: new Date().toISOString() };
	for (const name of ["source_number", "destination_number", "content", "original_text", "message_id", "error_code"]) {
		if (name in event) {
			event[name] = form[name].value;
		}
	}
	event.metadata = Object.fromEntries(form.metadata.value.split("\n").filter((line) => line.includes("=")).map((line) => {
		const at = line.indexOf("=");
		return [line.slice(0, at), line.slice(at + 1)];
	}));
	const id = ["reply_id", "notification_id", "delivery_report_id"].find((name) => name in event);
	simulatedID = event[id] = randomID();
	if ("attachments" in event && form.file.files.length) {
		event.attachments = [await readFile(form.file.files[0])];
	}
	return event;
}

function readFile(file) {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.onload = () => resolve({ content_type: file.type, original_name: file.name, content: reader.result.slice(reader.result.indexOf(",") + 1) });
		reader.onerror = () => reject(reader.error);
		reader.readAsDataURL(file);
	});
}

async function simulate() {
	const event = await buildEvent();
	simulatedLines.clear();
	$("simulated").replaceChildren();
	say($("sent"), "Sending");
	const path = "/mock/events" + (form.delays.checked ? "?retry_delays=true" : "");
	const result = await call("POST", path, JSON.stringify(event), form.account.value ? { Account: form.account.value } : {});
	if (!result.deliveries.length) {
		say($("sent"), `No webhook is subscribed to ${result.event_type}, so nothing was delivered.`, true);
		return;
	}
	const acknowledged = result.deliveries.filter((delivery) => delivery.acknowledged).length;
	say($("sent"), `${result.event_type}: ${plural(result.deliveries.length, "delivery", "deliveries")}, ${acknowledged} acknowledged.`, acknowledged < result.deliveries.length);
}

// Template

const editor = $("editor");
let webhooks = [];
let loaded = null; // the webhook that Save changes
let builtIn = "";

function startTemplate(received) {
	builtIn = editor.value = received.template;
	fillHostile($("hostile-template"), "Sample");
	const usual = ["RECEIVED_SMS", "RECEIVED_MMS", "OPT_OUT_SMS", "DELIVERED_DR"];
	$("events").replaceChildren(...received.samples.map(({ event_type: type }) =>
		make("label", {}, make("input", { type: "checkbox", value: type, checked: usual.includes(type) }), type)));
	editor.addEventListener("input", () => tryTemplate(250));
	editor.addEventListener("scroll", () => { $("lines").style.transform = `translateY(${-editor.scrollTop}px)`; });
	for (const id of ["encoding", "hostile-template", "events"]) {
		$(id).addEventListener("change", () => tryTemplate(0));
	}
	$("load").addEventListener("submit", (event) => {
		event.preventDefault();
		attempt($("loaded"), loadTemplate);
	});
	$("save").addEventListener("click", () => attempt($("loaded"), saveTemplate));
	say($("loaded"), "JSONTemplate of the SDK. Load a webhook's template to change it.");
}

const nameOf = ({ account, webhook }) => `${webhook.method} ${webhook.url}${account ? ` (account ${account})` : ""}`;

async function openTemplate() {
	await ready;
	await attempt($("loaded"), listWebhooks);
	tryTemplate(0);
}

async function listWebhooks() {
	const chosen = $("source").value;
	webhooks = await call("GET", "/mock/webhooks");
	$("source").replaceChildren(make("option", { value: "" }, "JSONTemplate of the SDK"),
		...webhooks.map((one) => make("option", { value: one.webhook.id }, nameOf(one))));
	$("source").value = webhooks.some((one) => one.webhook.id === chosen) ? chosen : "";
}

async function loadTemplate() {
	await listWebhooks();
	loaded = webhooks.find((one) => one.webhook.id === $("source").value) ?? null;
	$("save").disabled = !loaded;
	editor.value = loaded ? loaded.webhook.template ?? "" : builtIn;
	$("encoding").value = loaded?.webhook.encoding ?? "JSON";
	for (const box of loaded ? $("events").querySelectorAll("input") : []) {
		box.checked = loaded.webhook.events.includes(box.value);
	}
	say($("loaded"), loaded ? `Loaded from ${nameOf(loaded)}. Save changes only its template.` : "JSONTemplate of the SDK.");
	tryTemplate(0);
}

async function saveTemplate() {
	const { account, webhook } = loaded;
	await call("PUT", `/mock/webhooks/${encodeURIComponent(webhook.id)}/template`, JSON.stringify({ account, template: editor.value }));
	say($("loaded"), `Saved to ${nameOf(loaded)}.`);
}

// tryTemplate checks and renders the template when typing pauses. It ignores a response
// if a newer request was sent.
function tryTemplate(delay) {
	clearTimeout(tryTemplate.timer);
	tryTemplate.timer = setTimeout(async () => {
		const number = tryTemplate.number = (tryTemplate.number ?? 0) + 1;
		const events = Array.from($("events").querySelectorAll(":checked"), (box) => box.value);
		await attempt($("verdict"), async () => {
			const result = await call("POST", "/mock/template", JSON.stringify({
				template: editor.value, encoding: $("encoding").value, events, text: hostileText($("hostile-template")) ?? null,
			}));
			if (number === tryTemplate.number) {
				showProblems(result.problems);
				$("rendered").replaceChildren(...result.rendered.map(showRendering));
			}
		});
	}, delay);
}

function showProblems(problems) {
	const marks = new Map();
	for (const { line, severity } of problems) {
		marks.set(line, marks.get(line) === "error" ? "error" : severity);
	}
	$("lines").replaceChildren(...editor.value.split("\n").map((_, i) => make("li", { className: marks.get(i + 1) ?? "" }, String(i + 1))));
	$("problems").replaceChildren(...problems.map((problem) => {
		const button = make("button", { type: "button" },
			make("span", { className: "place" }, problem.line ? `${problem.line}:${problem.column}` : "whole"),
			make("span", {}, `${problem.severity}: ${problem.message}`),
			problem.suggestion ? make("span", { className: "fix" }, problem.suggestion) : "");
		button.addEventListener("click", () => goTo(problem));
		return make("li", { className: problem.severity }, button);
	}));
	const errors = problems.filter((problem) => problem.severity === "error").length;
	say($("verdict"), problems.length ? `${plural(errors, "error")}, ${plural(problems.length - errors, "warning")}` : "No problems", errors > 0);
}

// goTo selects the rest of the line at a problem. Columns count characters; the editor
// counts UTF-16 units.
function goTo({ line, column }) {
	const before = editor.value.split("\n").slice(0, Math.max(0, line - 1)).join("\n").length + (line > 1 ? 1 : 0);
	const text = editor.value.slice(before).split("\n", 1)[0];
	const start = before + Array.from(text).slice(0, Math.max(0, column - 1)).join("").length;
	editor.focus();
	editor.setSelectionRange(start, line ? before + text.length : start);
	editor.scrollTop = Math.max(0, line - 6) * parseFloat(getComputedStyle(editor).lineHeight);
}

function showRendering(one) {
	const verdict = one.error ? "not rendered" : one.invalid ? `not valid ${$("encoding").value}: ${one.invalid}` : one.parsed ? `valid, read as ${one.parsed}` : "valid";
	const bad = one.error || one.invalid || one.parsed?.startsWith("UnparsedEvent:");
	return make("section", {},
		make("h4", {}, one.event_type, make("small", { className: bad ? "bad" : "good" }, verdict)),
		one.error ? make("p", { className: "note bad" }, one.error) : make("pre", { tabIndex: 0 }, one.payload || "(empty)"));
}

// Start

addEventListener("hashchange", showPanel);
startTraffic();
const ready = call("GET", "/mock/samples").then((received) => {
	$("start").textContent = received.first_call;
	startSimulate(received);
	startTemplate(received);
}).catch((error) => say($("count"), error.message, true));
showPanel();
