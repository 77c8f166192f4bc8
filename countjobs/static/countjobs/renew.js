// Renews a part of a page, for scripts that are loaded after this one: only what differs is touched,
// so that focus, selection and scroll position stay where they are.

const key = (element) => `${element.tagName} ${element.getAttribute("class")}`;
const texts = (element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
const words = (element) => texts(element).map((node) => node.data.trim()).join("\n").trim();

function renew(old, next) {
    if (old.isEqualNode(next)) {
        return;
    }
    for (const { name, value } of next.attributes) {
        old.setAttribute(name, value);
    }
    if (old.tagName === "PRE") {
        grow(old, [...next.childNodes]);
    } else if (words(old) !== words(next)) {
        old.replaceChildren(...next.childNodes);
    } else {
        renewChildren(old, next);
    }
}

// No child that stays is moved: it would lose its scroll position.
function renewChildren(old, next) {
    let at = old.firstElementChild;
    const kept = new Set([...next.children].map(key));
    for (const wanted of [...next.children]) {
        while (at && !kept.has(key(at))) {
            at = removed(at);
        }
        if (at && key(at) === key(wanted)) {
            renew(at, wanted);
            at = at.nextElementSibling;
        } else {
            old.insertBefore(wanted, at);
        }
    }
    while (at) {
        at = removed(at);
    }
}

function removed(element) {
    const following = element.nextElementSibling;
    element.remove();
    return following;
}

// Text that goes on is added to; who reads its end goes on to read its end.
function grow(pre, nodes) {
    const { scrollTop, scrollHeight, clientHeight } = pre;
    const isAtEnd = scrollHeight > clientHeight && scrollTop + clientHeight >= scrollHeight - 4;
    const known = [...pre.childNodes];
    const differs = known.findIndex((old, index) => !goesOn(old, nodes[index]));
    const same = differs < 0 ? known.length : differs;
    known.slice(same).forEach((old) => old.remove());
    pre.append(...nodes.slice(same));
    pre.scrollTop = isAtEnd ? pre.scrollHeight : scrollTop;
}

// Whether a text, or one in colour, is the same or the beginning of another: then that is added.
function goesOn(old, next) {
    const look = (node) => node.className ?? "";
    if (!next || old.nodeName !== next.nodeName || look(old) !== look(next)) {
        return false;
    }
    const known = old.textContent;
    if (!next.textContent.startsWith(known)) {
        return false;
    }
    const text = old.firstChild ?? old;
    if (next.textContent.length > known.length) {
        text.appendData(next.textContent.slice(known.length));
    }
    return true;
}

globalThis.countjobs = { ...globalThis.countjobs, renew };
