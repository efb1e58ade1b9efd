{
  # For `node-gyp rebuild` only, which compiles. Lists no sources: CMakeLists.txt does.
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
