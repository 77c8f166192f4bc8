// Questions of a form's scripts to the server, for the scripts that are loaded after this one.
// No script of ours imports another: where files are called by their hashes, there are no others.

const SECONDS = 10;

// The response; throws where there is none in time, or where it is not what was asked for.
async function post(form, address, entries, signal) {
    const token = form.elements.csrfmiddlewaretoken.value;
    const limit = AbortSignal.timeout(SECONDS * 1000);
    const response = await fetch(address, {
        method: "POST",
        body: new URLSearchParams(entries),
        headers: { "X-CSRFToken": token },
        redirect: "error", // to the login page
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (!response.ok) {
        throw Object.assign(new Error(response.statusText), { status: response.status });
    }
    return response;
}

globalThis.countjobs = { ...globalThis.countjobs, post };
