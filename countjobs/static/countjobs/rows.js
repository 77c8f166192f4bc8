// Rows of key and text, or of texts alone: add one, remove one, move one up or down. Without this,
// a few empty rows are always there, an emptied one is dropped, and the rest is typing.

const items = (box) => [...box.querySelectorAll("ol > li")];
const keyOf = (row) => row.querySelector("input, textarea");

// The label leads to the first row; and no more rows fit into a post than the server takes.
function settle(box) {
    const rows = items(box);
    rows.forEach((row, place) => {
        keyOf(row).removeAttribute("id");
        row.querySelector("[data-by='-1']").disabled = place === 0;
        row.querySelector("[data-by='1']").disabled = place === rows.length - 1;
    });
    if (box.dataset.id) {
        keyOf(rows[0]).id = box.dataset.id;
    }
    box.querySelector("[data-add]").disabled = rows.length >= Number(box.dataset.most);
}

function tell(box, row) {
    const rows = items(box);
    const words = box.dataset.row.replace("{n}", rows.indexOf(row) + 1);
    box.querySelector("[role=status]").textContent = words.replace("{count}", rows.length);
}

function clear(row) {
    row.classList.remove("errors");
    row.querySelector(".errorlist")?.remove();
    keyOf(row).removeAttribute("aria-invalid");
    keyOf(row).removeAttribute("aria-describedby");
    keyOf(row).value = "";
    row.querySelector("textarea").value = "";
}

function add(box) {
    const row = items(box).at(-1).cloneNode(true);
    clear(row);
    box.querySelector("ol").append(row);
    settle(box);
    keyOf(row).focus();
    tell(box, row);
}

function remove(box, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    if (next) {
        row.remove();
        settle(box);
    } else {
        clear(row);
    }
    keyOf(next ?? row).focus();
    tell(box, next ?? row);
}

function move(box, row, by) {
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    const focused = document.activeElement;
    if (other) {
        other[by < 0 ? "before" : "after"](row);
        settle(box);
        (focused.disabled ? keyOf(row) : focused).focus(); // moved elements lose it
        tell(box, row);
    }
}

function click(box, event) {
    const button = event.target.closest("button");
    const row = button?.closest("li");
    if (button?.matches("[data-add]")) {
        add(box);
    } else if (button?.matches("[data-remove]")) {
        remove(box, row);
    } else if (button) {
        move(box, row, Number(button.dataset.by));
    }
}

const STEPS = { ArrowUp: -1, ArrowDown: 1 };

function press(box, event) {
    const row = event.target.closest("ol > li");
    if (row && event.altKey && event.key in STEPS) {
        event.preventDefault();
        move(box, row, STEPS[event.key]);
    }
}

function begin(place) {
    for (const box of place.querySelectorAll("[data-countjobs-rows]")) {
        for (const tool of box.querySelectorAll("[hidden]")) {
            tool.hidden = false;
        }
        box.addEventListener("click", (event) => click(box, event));
        box.addEventListener("keydown", (event) => press(box, event));
        settle(box);
    }
}

begin(document);
// Inputs that another script has put into the page.
document.addEventListener("countjobs:inputs", (event) => begin(event.target));
