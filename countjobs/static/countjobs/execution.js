// The page of an execution that goes on follows it. Without this it has a link to reload it.

const { renew } = globalThis.countjobs; // of renew.js

const SOONEST = 1_000; // milliseconds between two questions,
const LATEST = 10_000; // and the longer it goes on the more of them
const SHARE = 30;
const TIMEOUT = 10_000;

const began = Date.now();
let timer;

const link = () => document.querySelector("[data-countjobs-live]");

async function ask() {
    clearTimeout(timer);
    if (document.hidden || !link()) {
        return;
    }
    try {
        const signal = AbortSignal.timeout(TIMEOUT);
        const response = await fetch(link().dataset.countjobsLive, { redirect: "error", signal });
        if (!response.ok) {
            throw new Error(response.statusText);
        }
        show(await response.text());
        if (link()) {
            link().hidden = true;
        }
    } catch {
        link().hidden = false; // a person may try, too
    }
    later();
}

function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    for (const part of document.querySelectorAll("[data-countjobs-part]")) {
        const name = part.dataset.countjobsPart;
        renew(part, found.querySelector(`[data-countjobs-part="${name}"]`));
    }
}

function later() {
    clearTimeout(timer);
    const pause = (Date.now() - began) / SHARE;
    timer = setTimeout(ask, Math.min(Math.max(pause, SOONEST), LATEST));
}

if (link()) {
    link().hidden = true;
    document.addEventListener("visibilitychange", ask);
    later();
}
