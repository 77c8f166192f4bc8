// The inputs of the function or command that is chosen. Without this, saving the form shows them.

const { post } = globalThis.countjobs; // of post.js

const form = document.querySelector("[data-countjobs-arguments]")?.closest("form");
const choice = form?.elements.function ?? form?.elements.command;
let asked;

const box = () => form.querySelector("[data-countjobs-arguments]");

const isBox = (input) => input.type === "checkbox";
const valueOf = (input) => (isBox(input) ? input.checked : input.value);

// What the page was loaded with.
function initialOf(input) {
    if (isBox(input)) {
        return input.defaultChecked;
    }
    const chosen = [...(input.options ?? [])].find((option) => option.defaultSelected);
    return chosen?.value ?? input.defaultValue ?? "";
}

function put(input, value) {
    if (isBox(input)) {
        input.checked = Boolean(value);
    } else {
        input.value = value ?? "";
    }
    input.dispatchEvent(new Event("input", { bubbles: true }));
}

// What the function that was chosen before has put in, by input.
const byRules = new Map();

// Rules that the function brings along go into inputs that nobody has touched, of a new definition.
function putRules(rules) {
    for (const [input, value] of byRules) {
        if (valueOf(input) === value) {
            put(input, initialOf(input));
        }
    }
    byRules.clear();
    for (const [name, value] of Object.entries(rules)) {
        const input = form.elements[name];
        if (input && valueOf(input) === initialOf(input)) {
            put(input, value);
            byRules.set(input, valueOf(input));
        }
    }
}

// Django's search has a name for screen readers only while something is chosen in it.
function nameSearches(place) {
    for (const search of place.querySelectorAll(".countjobs-argument .select2-selection")) {
        const label = search.closest(".countjobs-argument").querySelector("label");
        label.id ||= `${label.htmlFor}_label`;
        const own = search.getAttribute("aria-labelledby") ?? "";
        search.setAttribute("aria-labelledby", `${label.id} ${own}`);
        search.querySelector("[role=textbox]")?.setAttribute("aria-labelledby", label.id);
    }
}

function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    const inputs = document.importNode(found.querySelector("[data-countjobs-arguments]"), true);
    inputs.querySelectorAll("noscript").forEach((each) => each.remove()); // they were parsed as elements
    box().replaceWith(inputs);
    inputs.dispatchEvent(new CustomEvent("countjobs:inputs", { bubbles: true }));
    const $ = globalThis.django?.jQuery;
    $?.fn.djangoAdminSelect2?.call($(inputs).find(".admin-autocomplete"));
    nameSearches(inputs);
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

globalThis.django?.jQuery(() => nameSearches(document)); // after Django has made them
if (choice?.tagName === "SELECT") {
    choice.addEventListener("change", ask);
}
