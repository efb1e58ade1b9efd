{
  # For `node-gyp rebuild` in a clone, which compiles. Lists no sources: CMakeLists.txt does. Not in the package: managers that
  # ignore `gypfile: false` (pnpm 9, Yarn) would compile in every installation.
  'targets': [{
    'target_name': 'paligemma',
    'type': 'none',
    'actions': [{
      'action_name': 'cmake_js_build',
      'inputs': ['CMakeLists.txt'],
      'outputs': ['<(PRODUCT_DIR)/paligemma.node'],
      'action': ['node', 'scripts/build-native.mjs', '--out=<(PRODUCT_DIR)'],
      'message': 'handing over to CMake'
    }]
  }]
}
