// A pasted crontab line fills the fields of the schedule. Without this, saving the form does it.

const { post } = globalThis.countjobs; // of post.js

const box = document.querySelector("[data-countjobs-crontab]");
const form = box?.closest("form");
const line = box?.querySelector("textarea");
const said = box?.querySelector("[role=status]");

function tell(text, isError) {
    said.textContent = text;
    said.classList.toggle("countjobs-wrong", isError);
    line.setAttribute("aria-invalid", String(isError));
}

function put(fields) {
    for (const [name, text] of Object.entries(fields)) {
        const input = form.elements[name];
        if (input) {
            input.value = text;
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }
}

// The line's fields are those of the first tab.
function chooseCron() {
    for (const tab of form.querySelectorAll('input[name="schedule_type"]')) {
        tab.checked = tab.value === "cron";
    }
}

async function fill() {
    try {
        const entries = [[line.name, line.value]];
        const answer = await (await post(form, box.dataset.countjobsCrontab, entries)).json();
        tell(answer.error ?? answer.note, "error" in answer);
        if (answer.fields) {
            chooseCron();
            put(answer.fields);
            line.value = ""; // or saving would fill the fields again
        }
    } catch {
        tell(box.dataset.failed, true);
    }
}

if (box) {
    const button = box.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", fill);
    line.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.isComposing) {
            event.preventDefault();
            fill();
        }
    });
}
