// The viewer knows OpenAPI 3.0; what we use of 3.1 beyond it is `null` among alternatives.
function older(value) {
  if (Array.isArray(value)) return value.map(older);
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, older(item)]));
  if (!Array.isArray(copy.anyOf)) return copy;
  const rest = copy.anyOf.filter((item) => item.type !== "null");
  if (rest.length === copy.anyOf.length) return copy;
  delete copy.anyOf;
  return { ...copy, ...(rest.length === 1 ? rest[0] : { anyOf: rest }), nullable: true };
}

fetch("openapi.json")
  .then((answer) => answer.json())
  .then((description) =>
    SwaggerUIBundle({
      spec: { ...older(description), openapi: "3.0.3" },
      domNode: document.getElementById("description"),
      deepLinking: true,
      filter: true,
      docExpansion: "none",
      validatorUrl: null,
    }),
  );
