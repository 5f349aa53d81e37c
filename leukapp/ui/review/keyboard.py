"""Keys that decide reach their buttons whatever was clicked or typed before.

Streamlit gives no key to a shortcut while an input has the focus, and a switch is an input. So a
letter, a digit or Escape that is pressed on a switch or slider is handed on to the page, and a
field is left with Enter, which has sent what was typed into it. The picture that zooms keeps the
keys that zoom and hands the others on. The key ``?``, for which Streamlit has no shortcut, shows
the keys.
"""

from typing import Final

import streamlit as st

KEYS_REACH_SHORTCUTS: Final = """
<script>
(() => {
  if (window.leukappKeys) return;
  window.leukappKeys = true;
  const SWITCHES = new Set(["checkbox", "radio", "range"]);
  const FIELDS = new Set(["text", "search"]);
  const isInput = (target, types) => target instanceof HTMLInputElement && types.has(target.type);
  window.addEventListener("keydown", (event) => {
    const target = event.target;
    if (!event.isTrusted || event.ctrlKey || event.metaKey || event.altKey) return;
    const isPicture = target instanceof Element && target.closest(".st-key-batch-near");
    if (!isInput(target, SWITCHES) && !isPicture) return;
    if (isPicture && ["+", "-", "=", "0"].includes(event.key)) return;
    const isSwitch =
      (isPicture || target.type === "checkbox") && event.key.startsWith("Arrow");
    const isSign = event.key.length === 1 && event.key !== " ";
    if (!isSign && !isSwitch && event.key !== "Escape") return;
    event.stopImmediatePropagation();
    event.preventDefault();
    target.blur();
    document.body.dispatchEvent(new KeyboardEvent("keydown", event));
  }, true);
  window.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key !== "Enter" || event.isComposing || !isInput(target, FIELDS)) return;
    if (target.getAttribute("role") !== "combobox") target.blur();
  });
  const isTypedInto = (target) =>
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  window.addEventListener("keydown", (event) => {
    if (event.key !== "?" || isTypedInto(event.target)) return;
    document.querySelector(".st-key-batch-keys button")?.click();
  });
})();
</script>
"""


def let_keys_reach_shortcuts() -> None:
    """Add the rules for keys to the page, once for each browser tab."""
    st.html(KEYS_REACH_SHORTCUTS, unsafe_allow_javascript=True)
