# The package that find_package(Commuter) finds in an installed tree: what the
# targets export, and how it is found. The runtime is a package of its own, which
# this one needs: see runtime/CMakeLists.txt.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Commuter")
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/CommuterConfig.cmake.in"
  "${COMMUTER_BINARY_DIR}/CommuterConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(
  "${COMMUTER_BINARY_DIR}/CommuterConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)

install(EXPORT CommuterTargets NAMESPACE Commuter:: DESTINATION "${package_dir}")
install(FILES "${COMMUTER_BINARY_DIR}/CommuterConfig.cmake"
              "${COMMUTER_BINARY_DIR}/CommuterConfigVersion.cmake"
        DESTINATION "${package_dir}")
