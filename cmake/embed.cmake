# mr_embed_lua(target folder): compiles every folder/**/*.lua into `target` as text, so that the binary needs no files of
# its own at run time. The table is declared in src/lua/embedded.h.
function(mr_embed_lua target folder)
    set(root ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${root}/${folder} ${root}/${folder}/*.lua)
    set(output ${CMAKE_BINARY_DIR}/embedded.c)
    list(TRANSFORM sources PREPEND ${root}/${folder}/ OUTPUT_VARIABLE inputs)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${root}/${folder} "-DSOURCES=${sources}"
                -P ${root}/cmake/embed-files.cmake
        DEPENDS ${inputs} ${root}/cmake/embed-files.cmake
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
