/* The form of a new import: shows how much of the file has gone up, and follows where the server leads. A file that is
   too large is refused before it is sent: it would be afterwards.

   Without this script the same form works: the browser shows its own progress. */

document.addEventListener("submit", (event) => {
  if (event.target.id === "upload") send(event);
});

function send(event) {
  event.preventDefault();
  const form = event.target, request = new XMLHttpRequest();
  const file = form.querySelector("[type=file]").files[0], most = Number(form.dataset.maxBytes);
  if (file?.size > most) return refuse(form, `${file.name} has ${inMegabytes(file.size)}; expected at most ${inMegabytes(most)}`);
  const progress = form.querySelector("progress");
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (moment) => {
    progress.hidden = false;
    progress.max = moment.total;
    progress.value = moment.loaded;
  });
  request.addEventListener("load", () => arrive(form, request));
  request.addEventListener("error", () => form.submit());
  form.querySelector("button").disabled = true;
  request.send(new FormData(form));
}

/* Say at the field what the server would say. */
function refuse(form, text) {
  const field = form.querySelector(".field"), fault = field.querySelector(".fault") ?? document.createElement("p");
  fault.className = "fault";
  fault.setAttribute("role", "alert");
  fault.textContent = text;
  field.append(fault);
}

function inMegabytes(bytes) {
  return `${(bytes / 1048576).toFixed(1)} MB`;
}

/* The server answered with the page of the import, or with this form and what is wrong in it. */
function arrive(form, request) {
  if (request.status === 200 && request.responseURL !== form.action) {
    location.assign(request.responseURL);
    return;
  }
  const answer = new DOMParser().parseFromString(request.responseText, "text/html");
  document.querySelector("main").replaceWith(answer.querySelector("main"));
  document.querySelector(".fault")?.scrollIntoView({ block: "center" });
}
