// Uses an explorer at random for some time: its controls, keys, texts of own tunes, and
// links. After each act what is shown, what sounds, what is kept and what the list of
// favourites and the buttons say must agree. Returns how often each kind of act was taken.
async (data) => {
    const { explorer } = window;
    let seed = data.seed;
    const random = (n) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 2 ** 32) * n);
    };
    const one = (list) => list[random(list.length)];
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const fire = (node, name) => node.dispatchEvent(new Event(name, { bubbles: true }));
    const press = (node, key, more = {}) =>
        node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
    window.print = () => ["beforeprint", "afterprint"].forEach((name) => fire(window, name));

    const controls = (selector) =>
        [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());
    const taken = {};
    const KEYS = ["b", "k", "/", " ", "Escape", "Enter", "Tab", "Home", "End", "+", "-", "0",
        "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

    // A movement of the pointer over an element, which may end outside it or be cancelled.
    function drag(node) {
        const box = node.getBoundingClientRect();
        const at = { bubbles: true, cancelable: true, pointerId: 1 + random(2), button: random(8) ? 0 : 1,
            pointerType: one(["mouse", "touch", "pen"]), shiftKey: random(8) === 0,
            clientX: box.left + (box.width * random(101)) / 100,
            clientY: box.top + (box.height * random(101)) / 100 };
        node.setPointerCapture = () => {};
        const say = (name) => node.dispatchEvent(new PointerEvent(name, at));
        say("pointermove");
        say("pointerdown");
        for (let i = random(6); i > 0; i--) {
            at.clientX += random(120) - 60;
            at.clientY += random(120) - 60;
            say("pointermove");
        }
        say(random(8) ? "pointerup" : "pointercancel");
    }

    // The ABC of a melody that is there, as it is or damaged.
    function abc() {
        explorer.parts["own-present"].click();
        let text = explorer.parts["own-text"].value;
        for (let i = random(3) ? 0 : 1 + random(4); i > 0; i--) {
            const at = random(text.length + 1);
            const put = one(["", "|", ":|", "|:", "[", "]", "(3", "z", "\n", "K:", "/", "^", "\0", "é", "A9999", "{", "!", "L:1/8\n", "[K:G]", "<", "-", "\\"]);
            text = text.slice(0, at) + put + text.slice(at + random(4));
        }
        return one([text, text, text, "", "X:1", "X:1\nK:D\nDEFG|", text.repeat(3)]);
    }

    function link() {
        const text = explorer.link;
        if (random(3)) return text;
        const at = random(text.length);
        return one([text.slice(0, at), text.slice(at), text.slice(0, at) + one(["%", "&", "=", "-", "9"]) + text.slice(at + 1), ""]);
    }

    const links = [];
    const acts = {
        control() {
            const node = one(controls("button:not(:disabled), select, summary, input"));
            if (node.matches("select")) {
                node.selectedIndex = random(node.options.length);
                fire(node, "change");
            } else if (node.matches("[type=range]")) {
                for (let i = 0; i < 3; i++) {
                    node.value = Number(node.min) + (random(101) / 100) * (node.max - node.min);
                    fire(node, "input");
                }
                fire(node, "change");
            } else if (node.matches("[type=text]")) {
                node.focus();
                node.value = one(["", "the", "zzz", "<b>", "é\u2028\n", "x".repeat(300), node.value.slice(1)]);
                fire(node, "input");
                press(node, one(["Enter", "ArrowDown", "ArrowUp", "Escape", "Tab"]));
                if (random(2)) node.blur();
                fire(node, "change");
            } else {
                node.click();
            }
        },
        key() {
            const node = document.activeElement ?? document.body;
            press(node, one(KEYS), { shiftKey: random(6) === 0 });
        },
        undo: () => press(document.body, one(["z", "z", "y", "Z"]), { ctrlKey: true, shiftKey: random(2) === 0 }),
        drag() {
            for (const node of controls("canvas, [data-part=pad]")) drag(node);
            for (const node of controls("canvas, .handle")) press(node, one(KEYS));
        },
        music() {
            const signs = controls("[data-step], [data-measure]");
            if (signs.length) one(signs).dispatchEvent(new MouseEvent("click", { bubbles: true }));
        },
        own() {
            document.querySelector("#tab-own").click();
            explorer.parts["own-text"].value = abc();
            explorer.parts["own-take"].click();
            if (!explorer.parts["own-said"].textContent) throw new Error("nothing was said of the tune");
        },
        link() {
            links.push(link());
            location.hash = one(links.slice(-20));
        },
    };
    const kinds = ["control", "control", "control", "control", "key", "undo", "drag", "drag", "music", "own", "link"];

    function check() {
        const { present, view, parts, history, favourites, sequencer, compared } = explorer;
        const wrong = (text) => { throw new Error(text); };
        if (view.shown.melody.join() !== explorer.melody.join()) wrong("another melody is shown");
        const { nSteps } = explorer.space.model.decoder;
        if (present.melody.length !== nSteps) wrong("the melody has another length");
        if (!Array.from(present.z).every(Number.isFinite)) wrong("the latent vector is not finite");
        if (!present.place.every(Number.isFinite)) wrong("the place is not finite");
        present.kept?.measures.forEach((isKept, i) => {
            const part = (melody) => melody.slice(16 * i, 16 * i + 16).join();
            if (isKept && part(present.melody) !== part(present.kept.melody)) {
                wrong(`measure ${i} was not kept`);
            }
        });
        if (parts.undo.disabled === history.canUndo) wrong("undo is offered wrongly");
        if (parts.redo.disabled === history.canRedo) wrong("redo is offered wrongly");
        if (parts.favourites.children.length !== favourites.items.length) wrong("favourites are missing");
        if (explorer.shown.title !== parts["now-title"].textContent) wrong("another title is shown");
        if (sequencer.isPlaying !== parts.play.classList.contains("playing")) wrong("Play says something else");
        if (!compared !== (parts.compare.getAttribute("aria-pressed") === "false")) wrong("Compare says something else");
        if (!sequencer.isPlaying && sequencer.melody.join() !== explorer.melody.join()) wrong("another melody would sound");
    }

    const end = performance.now() + data.milliseconds;
    const last = [];
    while (performance.now() < end) {
        const kind = one(kinds);
        last.push(kind);
        try {
            acts[kind]();
            await wait(random(30));
            check();
        } catch (error) {
            throw new Error(`${error.stack} after ${last.slice(-8)}`);
        }
        taken[kind] = (taken[kind] ?? 0) + 1;
    }
    return taken;
}
