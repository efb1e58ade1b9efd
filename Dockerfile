# A service that runs PaliGemma on the CPU, for amd64 and arm64. Build: docker build -t paligemma .
# It installs the published package. Mount the model: docker run -v ./models:/models:ro -e PALIGEMMA_MODEL=/models/m.gguf paligemma caption /pictures/a.jpg
FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
RUN npm init --yes >/dev/null \
  && npm install --ignore-scripts --no-audit --no-fund node-paligemma \
  && npm cache clean --force \
  && npx --no-install paligemma doctor
USER node
ENTRYPOINT ["npx", "--no-install", "paligemma"]
CMD ["doctor"]
