// Hides what does not hold the words, or is on another device, or of another
// kind. Without this script the page shows everything.
document.querySelectorAll("form[data-filters]").forEach(function (form) {
  var list = document.getElementById(form.dataset.filters);
  var items = Array.from(list.querySelectorAll("[data-item]")).map(function (item) {
    return {
      item: item,
      text: item.textContent.toLowerCase().replace(/\s+/g, " "),
      on: item.dataset.on.split(" "),
      kind: item.dataset.kind,
    };
  });
  var groups = list.querySelectorAll("[data-group]");
  var output = form.querySelector("output");
  function apply() {
    var text = form.elements.text.value.trim().toLowerCase();
    var on = form.elements.on.value, kind = form.elements.kind.value;
    var shown = 0;
    items.forEach(function (x) {
      var show = x.text.includes(text) && (on === "" || x.on.includes(on)) && (kind === "" || x.kind === kind);
      x.item.hidden = !show;
      if (show) shown++;
    });
    groups.forEach(function (group) {
      group.hidden = !group.querySelector("[data-item]:not([hidden])");
    });
    output.textContent = shown + " of " + items.length + " shown";
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.hidden = false;
  apply();
});
// A link to something that is hidden or folded up shows it.
function reveal() {
  var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (var e = target; e; e = e.parentElement) e.hidden = false;
  var inner = target.querySelector(":scope > details");
  if (inner && target.classList.contains("draft")) inner.open = true;
  target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
reveal();
// What is unfolded is also on paper.
document.querySelectorAll("button[data-unfold]").forEach(function (button) {
  var open = false;
  button.addEventListener("click", function () {
    open = !open;
    document.querySelectorAll("details").forEach(function (d) { d.open = open; });
    button.textContent = open ? "Fold everything" : "Unfold everything";
  });
  button.hidden = false;
});
