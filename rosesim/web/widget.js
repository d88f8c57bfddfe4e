// A scene's page in a notebook: between the page, in its sandboxed frame, and the widget in Python behind the model.

const same = (a, b) => a?.byteLength === b?.byteLength && a?.every((v, k) => v === b[k]);

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = model.get("_name");
  frame.srcdoc = model.get("_page");
  frame.style.cssText = `width: 100%; height: ${model.get("_height")}px; border: 0`;
  let kept = {}; // what Python knows of params and inputs from here
  // All orders, each time: a page carries out those with a serial that is new to it, and a page that a notebook has
  // moved begins anew.
  const tell = () => {
    kept = {};
    for (const order of model.get("_orders")) frame.contentWindow?.postMessage(order, "*");
  };
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || !data?.rosesim) return;
    const { serial, loss, iteration, going, failure, params, inputs } = data;
    if (serial < (model.get("_orders").at(-1)?.serial ?? 0)) {
      tell();
      if (!failure) return; // what an order has made old is not worth sending
    }
    model.set("_report", { serial, loss: Number.isFinite(loss) ? loss : null, iteration, going, failure });
    for (const [name, bytes] of [["_params", params], ["_inputs", inputs]]) {
      if (!bytes || same(bytes, kept[name])) continue;
      kept[name] = bytes;
      model.set(name, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    }
    model.save_changes(); // while Python is busy, only the newest is kept
  };
  addEventListener("message", hear);
  model.on("change:_orders", tell);
  el.append(frame);
  return () => {
    removeEventListener("message", hear);
    model.off("change:_orders", tell);
    frame.remove();
  };
}

export default { render };
