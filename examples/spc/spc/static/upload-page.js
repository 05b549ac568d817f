/* The form of a new import: shows how much of the file has gone up, and follows where the server leads.

   Without this script the same form works: the browser shows its own progress. */

document.addEventListener("submit", (event) => {
  if (event.target.id === "upload") send(event);
});

function send(event) {
  event.preventDefault();
  const form = event.target, request = new XMLHttpRequest();
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
