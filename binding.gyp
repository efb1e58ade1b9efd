{
  # For `node-gyp rebuild` only. Lists no sources: CMakeLists.txt does. Does nothing when a prebuild fits the host.
  'targets': [{
    'target_name': 'paligemma',
    'type': 'none',
    'actions': [{
      'action_name': 'cmake_js_build',
      'inputs': ['CMakeLists.txt'],
      'outputs': ['<(PRODUCT_DIR)/paligemma.node'],
      'action': ['node', 'scripts/gyp-build.cjs', '<(PRODUCT_DIR)'],
      'message': 'handing over to CMake'
    }]
  }]
}
