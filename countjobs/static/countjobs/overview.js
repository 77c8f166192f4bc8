// The overview and “Running now” renew themselves, politely: not while nobody looks, and not when
// they are told not to.

const LIMIT = 10; // seconds that an answer may take
const KEY = "countjobs.overview.renews";

const box = document.querySelector("[data-countjobs-refresh]");
const choice = box.querySelector("input");
const period = Number(box.dataset.seconds) * 1000;
let timer;
let renewedAt = Date.now();

// A browser may refuse to remember anything.
function remembered() {
    try {
        return localStorage.getItem(KEY) !== "no";
    } catch {
        return true;
    }
}

function remember(renews) {
    try {
        localStorage.setItem(KEY, renews ? "yes" : "no");
    } catch {
        // Then it is so until the page is left.
    }
}

const parts = (root) => [...root.querySelectorAll("[data-countjobs-fresh]")];
const opened = (root) => [...root.querySelectorAll("details[id][open]")].map(({ id }) => id);
const ticked = (root) => [...root.querySelectorAll("input[id]:checked")].map(({ id }) => id);

// What stands for the element with the focus in what replaces it: it has the same id or address.
function counterpart(root, element) {
    const address = element.getAttribute("href"); // a bar's property is none
    const same = (each) => (element.id ? each.id === element.id : address && each.getAttribute("href") === address);
    const summary = element.closest("summary")?.parentElement.id;
    return summary
        ? root.querySelector(`#${CSS.escape(summary)} > summary`)
        : [...root.querySelectorAll("a, [id]")].find(same);
}

// Only what has changed: a banner that is put there again would be read out again.
function put(old, fresh) {
    opened(old).forEach((id) => fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", ""));
    if (old.innerHTML === fresh.innerHTML) {
        return;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const ticks = ticked(old);
    old.replaceChildren(...fresh.childNodes);
    ticks.map((id) => document.getElementById(id)).forEach((each) => each && (each.checked = true));
    if (focused) {
        counterpart(old, focused)?.focus({ preventScroll: true });
    }
}

async function renew() {
    try {
        const response = await fetch(box.dataset.countjobsRefresh, {
            redirect: "error", // to the login page
            signal: AbortSignal.timeout(LIMIT * 1000),
        });
        if (!response.ok) {
            throw new Error(response.statusText);
        }
        const found = new DOMParser().parseFromString(await response.text(), "text/html");
        const fresh = new Map(parts(found).map((part) => [part.dataset.countjobsFresh, part]));
        parts(document).forEach((part) => put(part, fresh.get(part.dataset.countjobsFresh)));
    } catch {
        box.querySelector("[role=status]").textContent = box.dataset.failed;
    }
    renewedAt = Date.now();
}

function plan() {
    clearTimeout(timer);
    if (choice.checked && !document.hidden) {
        timer = setTimeout(async () => {
            await renew();
            plan();
        }, Math.max(0, renewedAt + period - Date.now()));
    }
}

choice.checked = remembered();
choice.closest("[hidden]").hidden = false;
choice.addEventListener("change", () => {
    remember(choice.checked);
    plan();
});
document.addEventListener("visibilitychange", plan);
plan();
