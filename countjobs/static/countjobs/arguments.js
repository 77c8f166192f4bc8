// The inputs of the function or command that is chosen. Without this, saving the form shows them.

const { post } = globalThis.countjobs; // of post.js

const form = document.querySelector("[data-countjobs-arguments]")?.closest("form");
const choice = form?.elements.function ?? form?.elements.command;
let asked;

const box = () => form.querySelector("[data-countjobs-arguments]");

// Rules that the function brings along go into inputs that nobody has touched, of a new definition.
function putRules(rules) {
    for (const [name, value] of Object.entries(rules)) {
        const input = form.elements[name];
        if (input && "defaultValue" in input && input.value === input.defaultValue) {
            input.value = value ?? "";
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }
}

function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    const inputs = document.importNode(found.querySelector("[data-countjobs-arguments]"), true);
    box().replaceWith(inputs);
    inputs.dispatchEvent(new CustomEvent("countjobs:inputs", { bubbles: true }));
    const $ = globalThis.django?.jQuery;
    $?.fn.djangoAdminSelect2?.call($(inputs).find(".admin-autocomplete"));
    if (location.pathname.endsWith("/add/")) {
        putRules(JSON.parse(inputs.dataset.rules ?? "{}"));
    }
}

async function ask() {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    box().setAttribute("aria-busy", "true");
    try {
        const answer = await post(form, "../inputs/", [[choice.name, choice.value]], signal);
        show((await answer.json()).html);
    } catch {
        if (!signal.aborted) {
            box().removeAttribute("aria-busy"); // saving the form shows the inputs
        }
    }
}

if (choice?.tagName === "SELECT") {
    choice.addEventListener("change", ask);
}
