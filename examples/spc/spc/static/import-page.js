/* The page of one import: asks how far it is until it is over, then shows the page that says how it ended.

   In:     <progress id="progress" data-state="URL">. */

const progress = document.querySelector("#progress");
const told = document.querySelector("#told");
const PAUSE_MS = 400;

if (progress) follow();

async function follow() {
  try {
    const response = await fetch(progress.dataset.state, { credentials: "same-origin" });
    const state = await response.json();
    if (state.is_over) return location.reload();
    progress.value = state.read_bytes;
    progress.max = state.size_bytes;
    told.textContent = state.told;
  } catch {
    told.textContent = "The server cannot be reached; trying again.";
  }
  setTimeout(follow, PAUSE_MS);
}
