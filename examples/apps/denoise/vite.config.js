export default {
  // Relative addresses: the build works from any folder of any static server.
  base: "./",
  build: { target: "es2022" },
};
