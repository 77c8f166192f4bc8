// The filter by job suggests names while one types. Without this a name, or an id, is typed in full.

const PAUSE = 200; // milliseconds without a key before the server is asked
const TIMEOUT = 10_000;

const input = document.querySelector("[data-countjobs-jobs]");
let timer;
let asked;

function option({ id, name }) {
    const made = document.createElement("option");
    made.value = name;
    made.label = id;
    return made;
}

async function ask() {
    asked?.abort();
    asked = new AbortController();
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(TIMEOUT)]);
    const question = new URLSearchParams({ q: input.value });
    try {
        const response = await fetch(`${input.dataset.countjobsJobs}?${question}`, {
            redirect: "error",
            signal,
        });
        const { jobs } = await response.json();
        input.list.replaceChildren(...jobs.map(option));
    } catch {
        // Nothing is suggested then.
    }
}

input?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
});
