// The preview of a definition's schedule, kept up to date while its form is filled in.

const { post } = globalThis.countjobs; // of post.js

const PAUSE = 300; // milliseconds without a key before the server is asked
const OVERTAKEN = 429; // by a newer question of the same person, in another window
const AGAIN = 2_000; // milliseconds after that
const MINUTE = 60_000; // then "in 5 min" is no longer true

const panel = document.querySelector("[data-countjobs-preview]");
const form = panel?.closest("form");
const names = new Set(panel?.dataset.fields.split(" "));
let timer;
let asked;
let last;

// Dates are two inputs each, of which the names end in _0 and _1.
const counts = (name) => names.has(name.replace(/_[01]$/, ""));

function entries() {
    const given = [...new FormData(form)].filter(([name]) => counts(name));
    return [...given, ["viewer_zone", Intl.DateTimeFormat().resolvedOptions().timeZone]];
}

// Each part by itself, and only if it says something else, so that screen readers tell a new
// sentence, and neither all of the times nor the same sentence every minute.
function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    for (const name of [".countjobs-sentence", ".countjobs-fires"]) {
        const [old, renewed] = [panel, found].map((place) => place.querySelector(name));
        if (old.innerHTML !== renewed.innerHTML) {
            old.replaceChildren(...renewed.childNodes);
        }
    }
}

async function ask() {
    const question = entries();
    const text = String(new URLSearchParams(question));
    if (text === last) {
        return;
    }
    last = text;
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    panel.setAttribute("aria-busy", "true");
    try {
        show(await (await post(form, panel.dataset.countjobsPreview, question, signal)).text());
    } catch (error) {
        if (signal.aborted) {
            return; // another question is on its way
        }
        last = undefined;
        if (error.status === OVERTAKEN) {
            clearTimeout(timer);
            timer = setTimeout(ask, AGAIN);
            return;
        }
        panel.querySelector(".countjobs-sentence").textContent = panel.dataset.failed;
        panel.querySelector(".countjobs-fires").replaceChildren();
    }
    panel.removeAttribute("aria-busy");
}

function renew() {
    if (!document.hidden) {
        last = undefined; // the question is old, and so is the answer
        ask();
    }
}

function later(event) {
    if (counts(event.target.name ?? "")) {
        clearTimeout(timer);
        timer = setTimeout(ask, PAUSE);
    }
}

if (form?.elements.hour) {
    // The admin's calendar tells of a choice in no other way than by the focus that it gives.
    for (const kind of ["input", "change", "focusin"]) {
        form.addEventListener(kind, later);
    }
    document.addEventListener("visibilitychange", renew);
    setInterval(renew, MINUTE);
    ask();
}
