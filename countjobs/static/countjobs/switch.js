// A switch of the definitions' list works in place. Without this, it posts, and the list comes anew.

const { post } = globalThis.countjobs; // of post.js

const form = document.getElementById("changelist-form");
const said = document.querySelector(".countjobs-said");
const SECONDS = 15; // enough to read what is said; the row goes on showing it
let timer;

function say(words) {
    said.textContent = words;
    clearTimeout(timer);
    timer = setTimeout(() => said.replaceChildren(), SECONDS * 1000);
}

function show(button, answer) {
    button.setAttribute("aria-checked", String(answer.enabled));
    button.value = answer.enabled ? "0" : "1";
    const cell = button.closest("tr").querySelector(".field-next_run");
    if (cell) {
        const parsed = new DOMParser().parseFromString(answer.next_run, "text/html");
        cell.replaceChildren(...parsed.body.childNodes);
    }
    say(answer.said);
}

async function turn(button) {
    button.setAttribute("aria-busy", "true"); // not disabled, or the focus would be gone
    try {
        const entries = [[button.name, button.value], ["in_place", "1"]];
        show(button, await (await post(form, button.formAction, entries)).json());
    } catch {
        say(button.dataset.countjobsSwitch);
    }
    button.removeAttribute("aria-busy");
}

form?.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.matches("[data-countjobs-switch]")) {
        event.preventDefault();
        if (!button.hasAttribute("aria-busy")) {
            turn(button);
        }
    }
});
