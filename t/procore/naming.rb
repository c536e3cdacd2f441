# Which companies and projects a request names, read the way an action of a
# Rails application would read them: generously.

require "set"

module Procore
  module Naming
    COMPANY = %w[company_id company_ids companyId companyIds].to_set.freeze
    PROJECT = %w[project_id project_ids projectId projectIds
                 target_project_id current_project_id
                 current_project_ids].to_set.freeze
    IN_PATH = { "companies" => :companies, "projects" => :projects,
                "project" => :projects }.freeze

    # Actions that take lists split strings in many ways.
    SEPARATORS = /[\s,;|\[\]"']+/.freeze

    Found = Struct.new(:companies, :projects) do
      def to_h
        { "companies" => companies.to_a, "projects" => projects.to_a }
      end
    end

    module_function

    def of(request)
      found = Found.new(Set.new, Set.new)
      sync = request.path_info.match?(%r{/projects/+sync/*(\.|\z)})

      header(request, found)
      path(request, found)
      [request.path_parameters, request.query_parameters,
       request.request_parameters].each do |tree|
        tree(tree, found)
        updates(tree, found) if sync
      end

      found.companies.delete(0)
      found.projects.delete(0)
      found
    end

    def header(request, found)
      found.companies << request.headers["Procore-Company-Id"].to_i
    end

    def path(request, found)
      utils = ActionDispatch::Journey::Router::Utils
      utils.normalize_path(request.path_info).split("/")
           .each_cons(2) do |name, id|
        kind = IN_PATH[name]
        found[kind] << utils.unescape_uri(id).to_i if kind
      end
    end

    def tree(node, found)
      case node
      when Hash
        node.each do |key, value|
          name(key.to_s, value, found)
          tree(value, found)
        end
      when Array
        node.each { |value| tree(value, found) }
      end
    end

    def name(key, value, found)
      if COMPANY.include?(key)
        found.companies.merge(ids(value))
      elsif PROJECT.include?(key)
        found.projects.merge(ids(value))
      elsif value.is_a?(Hash) && value.key?("id")
        found.companies.merge(ids(value["id"])) if key == "company"
        found.projects.merge(ids(value["id"])) if key == "project"
      end
    end

    def updates(node, found)
      case node
      when Hash
        list = node["updates"]
        list = list.values if list.is_a?(Hash)
        Array(list).each do |update|
          found.projects.merge(ids(update["id"])) if update.is_a?(Hash)
        end
        node.each_value { |value| updates(value, found) }
      when Array
        node.each { |value| updates(value, found) }
      end
    end

    def ids(value)
      case value
      when String
        [value.to_i] + value.split(SEPARATORS).map(&:to_i)
      when Integer then [value]
      when Float   then value.finite? ? [value.to_i] : []
      when true    then [1]
      when Array   then value.flat_map { |item| ids(item) }
      when Hash    then value.values.flat_map { |item| ids(item) }
      else []
      end
    end
  end
end
