// Uses the controls of an explorer at random for some time; returns how many.
async (data) => {
    const { explorer } = window;
    let seed = data.seed;
    const random = (n) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 2 ** 32) * n);
    };
    const keys = ["b", "k", " ", "ArrowLeft", "ArrowDown", "Enter", "+", "-", "0", "Escape"];
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const end = performance.now() + data.milliseconds;
    let n = 0;
    while (performance.now() < end) {
        n++;
        const controls = [...document.querySelectorAll(
            "button:not(:disabled), input, select, textarea, [role=slider], canvas, summary",
        )].filter((node) => node.checkVisibility() && !/save|print|copy/.test(node.dataset.part));
        const control = controls[random(controls.length)];
        const box = control.getBoundingClientRect();
        const at = { bubbles: true, cancelable: true, pointerId: 1, button: 0,
            clientX: box.left + (box.width * random(100)) / 100,
            clientY: box.top + (box.height * random(100)) / 100 };
        if (control.matches("select")) {
            control.selectedIndex = random(control.options.length);
            control.dispatchEvent(new Event("change", { bubbles: true }));
        } else if (control.matches("[type=range]")) {
            control.value = Number(control.min) + (random(100) / 100) * (control.max - control.min);
            control.dispatchEvent(new Event("input", { bubbles: true }));
            control.dispatchEvent(new Event("change", { bubbles: true }));
        } else if (control.matches("[type=text], textarea")) {
            control.focus();
            control.value = ["", "the", "X:1\\nK:D\\nDEFG|", "zzz"][random(4)];
            control.dispatchEvent(new Event("input", { bubbles: true }));
            control.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        } else if (control.matches("canvas, [role=slider]")) {
            const target = control.matches("canvas") ? control : control.parentElement;
            target.setPointerCapture = () => {};
            target.dispatchEvent(new PointerEvent("pointerdown", at));
            for (let i = 0; i < 4; i++) {
                at.clientX += random(60) - 30;
                at.clientY += random(60) - 30;
                target.dispatchEvent(new PointerEvent("pointermove", at));
            }
            target.dispatchEvent(new PointerEvent("pointerup", at));
            control.dispatchEvent(new KeyboardEvent("keydown", { key: keys[random(10)], bubbles: true }));
        } else {
            control.click();
        }
        await wait(random(30));
        const { present } = explorer;
        const notes = explorer.view.shown.melody;
        if (notes.join() !== explorer.melody.join()) throw new Error("another melody is shown");
        if (present.kept) {
            present.kept.measures.forEach((isKept, i) => {
                const part = (melody) => melody.slice(16 * i, 16 * i + 16).join();
                if (isKept && part(present.melody) !== part(present.kept.melody)) {
                    throw new Error(`measure ${i} was not kept`);
                }
            });
        }
    }
    return n;
}
