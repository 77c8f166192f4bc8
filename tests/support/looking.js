// Looks at the page it is evaluated in. Each function returns what is wrong, as sentences.

const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])";

function name(element) {
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].map((each) => `.${each}`).join("");
    const words = (element.value || element.textContent || "").trim().slice(0, 30);
    return `${element.localName}${id}${classes} “${words}”`;
}

function isThere(element) {
    return !element.disabled && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

function controls() {
    return [...document.querySelectorAll(CONTROLS)].filter(isThere);
}

const cuts = (style) => style.overflowX !== "visible" || style.overflowY !== "visible";

// The parts of an element that can be seen: without what the boxes around it cut off.
function boxes(element) {
    let found = [...element.getClientRects()].map(({ left, top, right, bottom }) => [left, top, right, bottom]);
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        if (cuts(getComputedStyle(box))) {
            const edge = box.getBoundingClientRect();
            found = found.map(([left, top, right, bottom]) => [
                Math.max(left, edge.left),
                Math.max(top, edge.top),
                Math.min(right, edge.right),
                Math.min(bottom, edge.bottom),
            ]);
        }
    }
    return found.filter(([left, top, right, bottom]) => right - left > 1 && bottom - top > 1);
}

function meet([left, top, right, bottom], [left2, top2, right2, bottom2]) {
    const width = Math.min(right, right2) - Math.max(left, left2);
    const height = Math.min(bottom, bottom2) - Math.max(top, top2);
    return width > 1 && height > 1;
}

// Controls that lie upon each other.
function overlaps() {
    const seen = controls().map((element) => [element, boxes(element)]);
    const wrong = [];
    seen.forEach(([one, parts], index) => {
        for (const [other, others] of seen.slice(index + 1)) {
            const within = one.contains(other) || other.contains(one);
            if (!within && parts.some((part) => others.some((another) => meet(part, another)))) {
                wrong.push(`${name(one)} overlaps ${name(other)}`);
            }
        }
    });
    return wrong;
}

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// A colour laid upon another, however the style sheet writes it; `share` of it is seen.
function laid(colour, below, share = 1) {
    canvas.globalAlpha = 1;
    canvas.fillStyle = `rgb(${below.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.globalAlpha = share;
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function luminance(colour) {
    const [red, green, blue] = colour.map((each) =>
        each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// How an element's text differs from what lies behind it, as WCAG reckons it. Disabled ones count.
function contrast(element) {
    const above = [];
    for (let each = element; each; each = each.parentElement) {
        above.unshift(getComputedStyle(each));
    }
    const ground = above.reduce((below, style) => laid(style.backgroundColor, below), [255, 255, 255]);
    const share = above.reduce((product, style) => product * Number(style.opacity), 1);
    const [one, other] = [laid(above.at(-1).color, ground, share), ground].map(luminance);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

// Text of ours that can hardly be read, in whatever state it is.
function faint() {
    const ours = document.querySelectorAll('body [class*="countjobs-"], body [class*="countjobs-"] *');
    const texts = [...ours].filter((element) =>
        [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()),
    );
    return texts
        .filter((element) => element.checkVisibility() && !element.closest("svg, .visually-hidden"))
        .filter((element) => contrast(element) < 4.5)
        .map((element) => `${name(element)} has ${contrast(element).toFixed(2)} of 4.5`);
}

// What scrolls sideways, or sticks out: the page itself, or a box in it that isn't a table's.
function sideways() {
    const wrong = [];
    const { scrollWidth } = document.scrollingElement;
    if (scrollWidth > innerWidth) {
        wrong.push(`the page is ${scrollWidth} wide`);
    }
    for (const element of document.body.querySelectorAll("*:not(input, select, textarea, option)")) {
        const { overflowX } = getComputedStyle(element);
        const isWide = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
        const scrolls = overflowX === "auto" || overflowX === "scroll";
        const isWritten = element.matches("pre[tabindex]"); // help of a command: lines as they are
        if (isWide && scrolls && !isWritten && !element.querySelector("table") && isThere(element)) {
            wrong.push(`${name(element)} scrolls sideways`);
        }
        const isCut = element.closest("table, .visually-hidden");
        const { left, right, width } = element.getBoundingClientRect();
        if (!isCut && width > 1 && (right > innerWidth + 1 || left < -1) && isThere(element)) {
            if (!insideScroller(element)) {
                wrong.push(`${name(element)} sticks out: ${left} to ${right}`);
            }
        }
    }
    return wrong;
}

function insideScroller(element) {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        if (getComputedStyle(box).overflowX !== "visible") {
            return true;
        }
    }
    return false;
}

// What shows where the focus is: the colour of a line that isn't drawn does not.
function styleOf(element) {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    const isDrawn = outlineStyle !== "none" && outlineWidth !== "0px";
    return `${isDrawn && [outlineStyle, outlineWidth, outlineColor]} ${boxShadow}`;
}

// Begins to note where the focus goes.
function watchFocus() {
    document.activeElement?.blur();
    // Django hides the list behind its search, which has the focus instead.
    const own = controls().filter((element) => !element.matches(".select2-hidden-accessible"));
    const before = new Map(own.map((element) => [element, styleOf(element)]));
    const seen = new Map();
    let steps = [];
    document.addEventListener("focusin", ({ target }) => {
        steps.push(target);
        seen.set(target, styleOf(target));
    });
    window.countjobsFocus = { before, seen, steps };
    return before.size;
}

const group = (element) => (element.type === "radio" ? element.name : element);

// What the focus did not come to, or came to unseen.
function missedByFocus() {
    const { before, seen, steps } = window.countjobsFocus;
    const reached = new Set([...seen.keys()].map(group));
    const wrong = [];
    for (const [element, style] of before) {
        if (!reached.has(group(element))) {
            wrong.push(`${name(element)} is out of reach`);
        } else if (seen.get(element) === style) {
            wrong.push(`${name(element)} looks the same with the focus`);
        }
    }
    if (steps.length && new Set(steps).size === steps.length) {
        wrong.push(`the focus does not come round; it is at ${name(steps.at(-1))}`);
    }
    return wrong;
}
